"""Settings of a server process: arguments, then `NAUTILUS_*` variables, then these defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["LOOPBACK", "Settings"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Settings(BaseSettings):
    """What a person may change about the servers; `--print-config` shows all of it.

    Examples
    --------
    >>> Settings(port_offset=1000).port_offset
    1000
    """

    model_config = SettingsConfigDict(env_prefix="NAUTILUS_", extra="forbid", frozen=True)

    host: str = Field(
        default="127.0.0.1", description="Address to listen on; beyond loopback only with auth."
    )
    port_offset: int = Field(default=0, ge=0, le=56_000, description="Added to 8100 ... 8900.")
    engines: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Engines to start; empty for all nine."
    )
    engine_urls: dict[str, str] = Field(
        default_factory=dict, description="Address of an engine on another host, by name."
    )
    database: str = Field(
        default_factory=lambda: f"sqlite:///{Path.home() / '.nautilus' / 'state.db'}",
        description="SQLAlchemy URL of the state.",
    )
    store: Path | None = Field(
        default=None,
        description="Folder of market data; by default `market` beside a SQLite database.",
    )
    feed_speed: float = Field(
        default=1.0, ge=1, le=1000, description="How fast the simulated exchange runs."
    )
    record: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Symbols whose live trades and quotes are stored."
    )
    bus: str = Field(
        default="memory",
        description="Message bus between engines: memory, redis://, rediss:// or unix://.",
    )
    processes: bool = Field(
        default=False, description="A process per engine; needs a bus that processes share."
    )
    demo: bool = Field(default=True, description="Load the demo set, labelled simulated.")
    simulated_fallback: bool = Field(
        default=True, description="Let the simulated source answer last."
    )
    benchmark: str = Field(default="SPY", description="Benchmark of portfolios without one.")
    warm: bool = Field(default=True, description="Import heavy libraries in the background.")
    threads: int | None = Field(
        default=None, ge=1, le=256, description="CPU threads; default: cores."
    )
    waiting: int = Field(default=64, ge=1, description="Calls that may queue for CPU before 503.")
    jobs: int = Field(default=100, ge=1, description="Jobs that run or are queued before 503.")
    job_after_seconds: float = Field(
        default=30.0, gt=0, description="A call that takes longer becomes a job."
    )
    job_hours: float = Field(default=24.0, gt=0, description="How long the end of a job is kept.")
    job_result_bytes: int = Field(
        default=32 * 1024 * 1024, ge=1, description="A job with a larger answer fails."
    )
    max_connections: int = Field(
        default=5_000, ge=1, le=100_000, description="WebSocket clients at once."
    )
    drain_seconds: float = Field(
        default=0.2, ge=0, le=300, description="From /ready 503 to the stop."
    )
    stop_seconds: int = Field(default=10, ge=1, le=300, description="Most open requests get.")
    hung_seconds: float = Field(
        default=30.0, gt=0, description="An engine process without a sign of life is killed after."
    )
    max_body_bytes: int = Field(
        default=10 * 1024 * 1024, ge=1, description="Larger bodies are 413."
    )
    body_seconds: float = Field(default=30.0, gt=0, description="A body must arrive within.")
    request_seconds: float = Field(
        default=60.0, gt=0, description="An answer, but a stream, must end within; else 504."
    )
    open_requests: int = Field(
        default=1000, ge=1, description="Requests that an engine answers at once before 503."
    )
    check_host: bool = Field(
        default=False, description="Refuse Host and Origin headers that are not allowed."
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Host names besides loopback; *.example.com, or * with auth."
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Origins of pages that may ask, such as https://desk.example.com."
    )
    auth: Literal["auto", "on", "off"] = Field(
        default="auto", description="auto: on where a key is configured."
    )
    auth_secret: SecretStr | None = Field(
        default=None, description="Shared secret of HS256, 32 bytes or more."
    )
    auth_secret_file: Path | None = Field(default=None, description="File that holds it.")
    auth_public_key_file: Path | None = Field(default=None, description="Public key in PEM.")
    auth_jwks: str | None = Field(
        default=None, description="JSON Web Key Set: a file, or an https:// address."
    )
    auth_key_ids: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="The only `kid` of the set that count; empty for all."
    )
    auth_algorithm: Literal["HS256", "RS256", "ES256", "EdDSA"] | None = Field(
        default=None, description="The only one; default HS256 for a secret, else RS256."
    )
    auth_issuer: str = Field(default="nautilus", min_length=1, description="`iss` of tokens.")
    auth_audience: str = Field(default="nautilus", min_length=1, description="`aud` of tokens.")
    auth_leeway_seconds: float = Field(
        default=10.0, ge=0, le=30, description="By how much clocks may differ."
    )
    auth_service_token_file: Path | None = Field(
        default=None, description="Token of the engines themselves, where there is no secret."
    )
    insecure: bool = Field(default=False, description="Listen beyond loopback without auth.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="INFO adds a line for each request."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="Lines of JSON, or for a person; auto: by the terminal."
    )

    @field_validator(
        "engines", "record", "allowed_hosts", "allowed_origins", "auth_key_ids", mode="before"
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        """`"analytics, risk"` as well as a sequence."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("engines")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from nautilus.server.registry import engine_rows

        return tuple(row.name for row in engine_rows(value)) if value else ()

    @field_validator("database")
    @classmethod
    def _url(cls, value: str) -> str:
        """A plain path means SQLite."""
        return value if "://" in value else f"sqlite:///{Path(value).expanduser().resolve()}"

    @property
    def market_folder(self) -> Path:
        """Where market data is stored."""
        if self.store is not None:
            return self.store.expanduser()
        path = self.database.removeprefix("sqlite:///")
        beside = Path(path).parent if path != self.database else Path.home() / ".nautilus"
        return beside / "market"

    @field_validator("bus")
    @classmethod
    def _address(cls, value: str) -> str:
        from nautilus.server.bus.addresses import check_address

        return check_address(value)

    @model_validator(mode="after")
    def _safe(self) -> Self:
        from nautilus.server.exposure import exposure_problems

        if problems := exposure_problems(self):
            raise ValueError("\n".join(problems))
        return self

    @property
    def authenticated(self) -> bool:
        """Whether requests need a token."""
        if self.auth == "auto":
            return any(
                (self.auth_secret, self.auth_secret_file, self.auth_public_key_file, self.auth_jwks)
            )
        return self.auth == "on"

    @property
    def algorithm(self) -> str:
        """The one algorithm of tokens."""
        secret = self.auth_secret or self.auth_secret_file
        return self.auth_algorithm or ("HS256" if secret else "RS256")

    @property
    def loopback(self) -> bool:
        """Whether nobody outside this machine can connect."""
        return self.host in LOOPBACK or self.host.startswith("127.")

    def shown(self) -> dict[str, Any]:
        """All settings, with the passwords in addresses masked."""
        from nautilus.server.bus.addresses import masked

        values = self.model_dump(mode="json")
        return values | {"database": masked(self.database), "bus": masked(self.bus)}
