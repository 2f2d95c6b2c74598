"""HL7 v2 messages: framing, delimiters and escapes (chapter 2 of the standard), and their maps to FHIR resources."""
