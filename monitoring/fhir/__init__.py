"""FHIR R4 resources, from files, as rows of the contract's columns."""
