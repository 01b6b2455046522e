"""MLflow's search language: one grammar, one way to compare and order, one kind of page token, for all entities."""

from fakebricks.services.search.grammar import Clause, parse_filter, parse_order
from fakebricks.services.search.matching import Condition, matches
from fakebricks.services.search.ordering import Order, in_order
from fakebricks.services.search.paging import PageTokens
from fakebricks.services.search.vocabulary import Column, Vocabulary

__all__ = [
    "Clause",
    "Column",
    "Condition",
    "Order",
    "PageTokens",
    "Vocabulary",
    "in_order",
    "matches",
    "parse_filter",
    "parse_order",
]
