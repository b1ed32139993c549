"""Questions with their gold answers and retrieved documents: what is labelled and evaluated.

question    one question, and what a record of one looks like
reading     from JSONL files, BEIR folders and data sets
retrieval   documents for questions that have none, from any retriever
"""

from .._utils.hashing import content_hash
from .question import BadRecord, Question, Questions, question_of

__all__ = ["BadRecord", "Question", "Questions", "content_hash", "question_of"]
