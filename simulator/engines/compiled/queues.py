"""Compiled queues: limited places and supports, served by priority, joining time, person.

Each life has one node per limited place it may wait for at home, one per waiting list of a limited support, one for
the next place while held, and one for a support it is held for. A freed slot is promised to the next node at once and
the promise put into a ring buffer, which the driver empties before anything else happens.
"""

from __future__ import annotations

from simulator.compiling import compiled_for_types, inlined
from simulator.engines.shared import memory as of
from simulator.engines.shared.memory import GRANTED, IDLE, QUEUED, Addresses


@inlined
def nodes_each(m: Addresses) -> int:
    """How many nodes a life has."""
    return len(of.resources(m)) + 2


@inlined
def node_of(m: Addresses, life: int, resource: int) -> int:
    """Node of a wait at home for a limited place, or of the waiting list of a limited support."""
    return life * nodes_each(m) + resource


@inlined
def node_of_next(m: Addresses, life: int) -> int:
    """Node of the next place while held."""
    return life * nodes_each(m) + len(of.resources(m))


@inlined
def node_of_way(m: Addresses, life: int) -> int:
    """Node of the support needed to leave."""
    return life * nodes_each(m) + len(of.resources(m)) + 1


@compiled_for_types
def ask(m: Addresses, resource: int, node: int, level: int, since: float) -> bool:
    """Take a slot if one is free, else join the queue. True when taken."""
    nodes, r, size = of.nodes(m), of.resources(m)[resource], nodes_each(m)
    heads, tails = of.ints2(m, of.HEADS), of.ints2(m, of.TAILS)
    n = nodes[node]
    n["resource"] = resource
    if r["users"] < r["capacity"]:
        r["users"] += 1
        n["state"] = GRANTED
        return True
    n["state"], n["since"], n["level"] = QUEUED, since, level
    person = of.life(m)[node // size]["person"]
    after = tails[resource, level]
    while after >= 0 and (
        nodes[after]["since"] > since
        or (nodes[after]["since"] == since and of.life(m)[after // size]["person"] > person)
    ):
        after = nodes[after]["prev"]
    before = heads[resource, level] if after < 0 else nodes[after]["next"]
    n["prev"], n["next"] = after, before
    if after < 0:
        heads[resource, level] = node
    else:
        nodes[after]["next"] = node
    if before < 0:
        tails[resource, level] = node
    else:
        nodes[before]["prev"] = node
    of.body(m)[node // size]["queued"] += 1
    return False


@inlined
def unlink(m: Addresses, node: int) -> None:
    """Take a node out of its queue."""
    nodes = of.nodes(m)
    n = nodes[node]
    if n["prev"] < 0:
        of.ints2(m, of.HEADS)[n["resource"], n["level"]] = n["next"]
    else:
        nodes[n["prev"]]["next"] = n["next"]
    if n["next"] < 0:
        of.ints2(m, of.TAILS)[n["resource"], n["level"]] = n["prev"]
    else:
        nodes[n["next"]]["prev"] = n["prev"]
    of.body(m)[node // nodes_each(m)]["queued"] -= 1


@compiled_for_types
def fill(m: Addresses, resource: int) -> None:
    """Promise free slots to those first in the queue."""
    r, heads = of.resources(m)[resource], of.ints2(m, of.HEADS)
    grants, ring = of.small(m, of.GRANTS), of.ints(m, of.RING)
    while r["users"] < r["capacity"]:
        node = -1
        for level in range(heads.shape[1]):
            if heads[resource, level] >= 0:
                node = heads[resource, level]
                break
        if node < 0:
            return
        unlink(m, node)
        of.nodes(m)[node]["state"] = GRANTED
        r["users"] += 1
        grants[(ring[0] + ring[1]) % len(grants)] = node
        ring[1] += 1


@inlined
def free(m: Addresses, resource: int) -> None:
    """One slot less in use; promise it to the next in the queue."""
    of.resources(m)[resource]["users"] -= 1
    fill(m, resource)


@compiled_for_types
def give_back(m: Addresses, node: int) -> None:
    """Free the slot of a node, or leave the queue."""
    n = of.nodes(m)[node]
    state = n["state"]
    if state == QUEUED:
        unlink(m, node)
    n["state"] = IDLE
    if state == GRANTED:
        free(m, n["resource"])


@compiled_for_types
def resize(m: Addresses, resource: int, capacity: float) -> None:
    """A new capacity: nobody is evicted, those who fit now start."""
    of.resources(m)[resource]["capacity"] = capacity
    fill(m, resource)


@compiled_for_types
def resize_support(m: Addresses, support: int) -> None:
    """Capacity of a support: workers times caseload plus what volunteers add, whole people."""
    resource = of.ints(m, of.SUPPORT_RESOURCE)[support]
    if resource >= 0:
        r = of.resources(m)[resource]
        extra = of.supports(m)[support]["volunteer_supports"] * r["volunteers"]
        resize(m, resource, float(int(r["base"] + extra + 1e-9)))
