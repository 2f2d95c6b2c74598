{{ denied_for(['other']) }}
