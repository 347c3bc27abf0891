"""A cohort as one page of figures and tables, made of the tables of an export; nobody in it can be known by it."""
