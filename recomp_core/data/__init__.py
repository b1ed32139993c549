"""What people bring: questions with gold answers, retrieved documents, and the append-only journal.

question    one question, and the form of its record
reading     questions from JSONL files, BEIR folders and data sets
retrieval   documents for questions without any, from a retriever
documents   documents to index, from files and folders
records     a JSONL file of queries, compressed into another
journal     an append-only file that a later run continues

Imports `_utils`, `text`, `runtime` and the vocabulary.
"""

from .._utils.hashing import content_hash
from .question import BadRecord, Question, Questions, question_of

__all__ = ["BadRecord", "Question", "Questions", "content_hash", "question_of"]
