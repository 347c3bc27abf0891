"""Research databases as sources: CLIF tables and MEDS events, read by batches of patients."""
