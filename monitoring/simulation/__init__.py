"""Believable courses with their truth: who is there, what the disease does, what is given, what the lab prints."""
