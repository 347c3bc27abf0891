"""HL7 v2 messages, from bytes to rows of text under the column names of the CSV contract."""
