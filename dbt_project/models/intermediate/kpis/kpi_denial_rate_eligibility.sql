{{ denied_for(['eligibility']) }}
