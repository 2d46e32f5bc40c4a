"""The knowledge base: a folder of articles, indexed in one file and searched without a model."""

from pilothouse.apps.support.knowledge.base import Hit, KnowledgeBase
from pilothouse.apps.support.knowledge.documents import Chunk, UnreadableDocument

__all__ = ["Chunk", "Hit", "KnowledgeBase", "UnreadableDocument"]
