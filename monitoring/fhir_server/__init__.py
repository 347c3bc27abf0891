"""Asking a FHIR R4 server: signing in, searching by pages, and what of it is news."""
