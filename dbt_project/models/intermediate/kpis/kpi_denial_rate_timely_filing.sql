{{ denied_for(['timely_filing']) }}
