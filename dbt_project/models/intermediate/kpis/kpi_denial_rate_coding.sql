{{ denied_for(['coding']) }}
