"""
What all tables share, and the law of their keys.

Every large table's primary key begins with the patient and, where the fact has a time of its own, that time: a
patient's window is one range of the tree, and the same schema can be distributed by patient or split by time.
`ref` is a 64-bit hash of what the source calls the fact; `digest` is one of what it says, so that a second telling
is known to be the same.
"""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.model_config["defer_build"] = True  # pydantic's own part, with which no row is ever checked here
METADATA: MetaData = SQLModel.metadata
CLUSTERED = {"sqlite_with_rowid": False}
NUMBER_OF = "number_of"  # of a column: it holds a number for these others of its row (storage.kinds)
