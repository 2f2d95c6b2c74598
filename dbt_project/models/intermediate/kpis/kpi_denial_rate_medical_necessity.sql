{{ denied_for(['medical_necessity']) }}
