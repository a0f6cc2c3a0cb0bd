"""Compiled queues: limited places and supports, served by priority, joining time, person.

Each life has one node per place it may wait for at home, one for the next place while held, one for a
support it is held for, and one per waiting list. A freed slot is promised to the next node at once and
the promise put into a ring, which the driver empties before anything else happens.
"""

from __future__ import annotations

from simulator.compiling import fixed
from simulator.engines import memory as of
from simulator.engines.memory import GRANTED, IDLE, QUEUED, Addresses


@fixed
def node_of_wait(m: Addresses, life: int, place: int) -> int:
    """Node of a wait at home for a place."""
    return life * (len(of.places(m)) + len(of.supports(m)) + 2) + place


@fixed
def node_of_next(m: Addresses, life: int) -> int:
    """Node of the next place while held."""
    return life * (len(of.places(m)) + len(of.supports(m)) + 2) + len(of.places(m))


@fixed
def node_of_way(m: Addresses, life: int) -> int:
    """Node of the support needed to leave."""
    return life * (len(of.places(m)) + len(of.supports(m)) + 2) + len(of.places(m)) + 1


@fixed
def node_of_list(m: Addresses, life: int, support: int) -> int:
    """Node of a waiting list."""
    return life * (len(of.places(m)) + len(of.supports(m)) + 2) + len(of.places(m)) + 2 + support


@fixed
def life_of_node(m: Addresses, node: int) -> int:
    """Whose node it is."""
    return node // (len(of.places(m)) + len(of.supports(m)) + 2)


@fixed
def ask(m: Addresses, resource: int, node: int, level: int, since: float) -> bool:
    """Take a slot if one is free, else join the queue. True when taken."""
    n = of.nodes(m)[node]
    if of.resources(m)[resource]["users"] < of.resources(m)[resource]["capacity"]:
        of.resources(m)[resource]["users"] += 1
        n["state"], n["resource"] = GRANTED, resource
        return True
    n["state"], n["resource"], n["since"], n["level"] = QUEUED, resource, since, level
    person = of.life(m)[life_of_node(m, node)]["person"]
    after = of.ints2(m, of.TAILS)[resource, level]
    while after >= 0 and (
        of.nodes(m)[after]["since"] > since
        or (of.nodes(m)[after]["since"] == since and of.life(m)[life_of_node(m, after)]["person"] > person)
    ):
        after = of.nodes(m)[after]["prev"]
    before = of.ints2(m, of.HEADS)[resource, level] if after < 0 else of.nodes(m)[after]["next"]
    n["prev"], n["next"] = after, before
    if after < 0:
        of.ints2(m, of.HEADS)[resource, level] = node
    else:
        of.nodes(m)[after]["next"] = node
    if before < 0:
        of.ints2(m, of.TAILS)[resource, level] = node
    else:
        of.nodes(m)[before]["prev"] = node
    of.body(m)[life_of_node(m, node)]["queued"] += 1
    return False


@fixed
def unlink(m: Addresses, node: int) -> None:
    """Take a node out of its queue."""
    n = of.nodes(m)[node]
    if n["prev"] < 0:
        of.ints2(m, of.HEADS)[n["resource"], n["level"]] = n["next"]
    else:
        of.nodes(m)[n["prev"]]["next"] = n["next"]
    if n["next"] < 0:
        of.ints2(m, of.TAILS)[n["resource"], n["level"]] = n["prev"]
    else:
        of.nodes(m)[n["next"]]["prev"] = n["prev"]
    of.body(m)[life_of_node(m, node)]["queued"] -= 1


@fixed
def fill(m: Addresses, resource: int) -> None:
    """Promise free slots to those first in the queue."""
    while of.resources(m)[resource]["users"] < of.resources(m)[resource]["capacity"]:
        node = -1
        for level in range(of.whole(m, of.LEVELS)):
            if of.ints2(m, of.HEADS)[resource, level] >= 0:
                node = of.ints2(m, of.HEADS)[resource, level]
                break
        if node < 0:
            return
        unlink(m, node)
        of.nodes(m)[node]["state"] = GRANTED
        of.resources(m)[resource]["users"] += 1
        of.ints(m, of.GRANTS)[(of.ints(m, of.RING)[0] + of.ints(m, of.RING)[1]) % len(of.ints(m, of.GRANTS))] = node
        of.ints(m, of.RING)[1] += 1


@fixed
def free(m: Addresses, resource: int) -> None:
    """One slot less in use; promise it on."""
    of.resources(m)[resource]["users"] -= 1
    fill(m, resource)


@fixed
def give_back(m: Addresses, node: int) -> None:
    """Free the slot of a node, or leave the queue."""
    n = of.nodes(m)[node]
    state = n["state"]
    if state == QUEUED:
        unlink(m, node)
    n["state"] = IDLE
    if state == GRANTED:
        free(m, n["resource"])


@fixed
def resize(m: Addresses, resource: int, capacity: float) -> None:
    """A new capacity: nobody is evicted, those who fit now start."""
    of.resources(m)[resource]["capacity"] = capacity
    fill(m, resource)


@fixed
def resize_support(m: Addresses, support: int) -> None:
    """Capacity of a support: workers times caseload plus what volunteers add, whole people."""
    which = of.ints(m, of.SUPPORT_RESOURCE)[support]
    if which >= 0:
        extra = of.supports(m)[support]["volunteer_supports"] * of.resources(m)[which]["volunteers"]
        resize(m, which, float(int(of.resources(m)[which]["base"] + extra + 1e-9)))
