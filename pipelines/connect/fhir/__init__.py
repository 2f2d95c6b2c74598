"""The adapter of an EHR that speaks FHIR R4: tasks, messages, the list, risk scores and gaps out; tasks and messages back."""
