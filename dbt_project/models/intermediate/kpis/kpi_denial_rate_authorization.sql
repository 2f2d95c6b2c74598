{{ denied_for(['authorization']) }}
