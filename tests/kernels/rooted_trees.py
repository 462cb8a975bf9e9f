"""Order conditions as sums over rooted trees (Hairer & Wanner 1996, IV.7)."""

import itertools
import math

import numpy as np


def trees(order):
    """Rooted trees with so many vertices, each a tuple of the subtrees at its root."""
    if order == 1:
        return [()]
    found = set()
    for parts in partitions(order - 1):
        for children in itertools.product(*map(trees, parts)):
            found.add(tuple(sorted(children)))
    return sorted(found)


def partitions(total, most=None):
    if total == 0:
        yield ()
    for first in range(min(total, most or total), 0, -1):
        for rest in partitions(total - first, first):
            yield (first, *rest)


def order_of(tree):
    return 1 + sum(map(order_of, tree))


def density(tree):
    return order_of(tree) * math.prod(map(density, tree))


def weights(tree, alpha, beta):
    """Elementary weights of the stages: a single branch sees beta = alpha + gamma."""
    if not tree:
        return np.ones(len(alpha))
    if len(tree) == 1:
        return beta @ weights(tree[0], alpha, beta)
    return np.prod([alpha @ weights(child, alpha, beta) for child in tree], axis=0)


def defects(b, alpha, beta, order, x=1.0):
    """What the weights b lack to give the solution at the part x of a step, tree by tree."""
    wanted = [x**order / density(tree) for tree in trees(order)]
    return np.array([b @ weights(tree, alpha, beta) for tree in trees(order)]) - wanted
