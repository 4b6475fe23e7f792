"""How engines talk: topics, messages, and the bus that carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.server.bus.interface import Broker as Broker
    from nautilus.server.bus.interface import Bus as Bus
    from nautilus.server.bus.interface import BusStatus as BusStatus
    from nautilus.server.bus.interface import NobodyAnswersError as NobodyAnswersError
    from nautilus.server.bus.interface import QueueFullError as QueueFullError
    from nautilus.server.bus.interface import RemoteError as RemoteError
    from nautilus.server.bus.interface import Reply as Reply
    from nautilus.server.bus.interface import RequestTimeoutError as RequestTimeoutError
    from nautilus.server.bus.interface import Subscription as Subscription
    from nautilus.server.bus.memory import MemoryBroker as MemoryBroker
    from nautilus.server.bus.messages import Message as Message

__all__ = [
    "Broker",
    "Bus",
    "BusStatus",
    "MemoryBroker",
    "Message",
    "NobodyAnswersError",
    "QueueFullError",
    "RemoteError",
    "Reply",
    "RequestTimeoutError",
    "Subscription",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "interface": [
            "Broker",
            "Bus",
            "BusStatus",
            "NobodyAnswersError",
            "QueueFullError",
            "RemoteError",
            "Reply",
            "RequestTimeoutError",
            "Subscription",
        ],
        "memory": ["MemoryBroker"],
        "messages": ["Message"],
    },
)
