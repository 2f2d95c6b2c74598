{{ denied_for(['duplicate']) }}
