"""Everything that can be set, from environment variables that begin with LIFELINE_."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.webhooks.guard import parse_networks
from database.engine import Care
from ingest.broker import Broker
from ingest.errors import IngestError
from ingest.formats.table import FORMAT_NAMES, NATIVE
from lifeline.errors import HubError

ROLES = ("ingest", "dispatch", "api")
"""The hub's processes, in the order in which they start."""

Port = Annotated[int, Field(ge=0, le=65_535)]


def _broker_url(url: SecretStr) -> SecretStr:
    try:
        Broker.parse(url.get_secret_value())
    except IngestError as error:
        raise ValueError(str(error)) from None
    return url


def _database_url(url: SecretStr) -> SecretStr:
    try:
        scheme = urlsplit(url.get_secret_value()).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("postgresql", "postgres"):
        raise ValueError("the database's URL must look like postgresql://user:password@host:5432/database")
    return url


def _http_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("an address here looks like https://host or http://host:3000")
    return url


def _tiles_url(url: str) -> str:
    if not all(part in url for part in ("{z}", "{x}", "{y}")) or any(sign in url for sign in " ;,'\""):
        raise ValueError("an address of map tiles looks like https://host/{z}/{x}/{y}.png")
    return _http_url(url)


def _secret_http_url(url: SecretStr) -> SecretStr:
    _http_url(url.get_secret_value())
    return url


def _topic_level(prefix: str) -> str:
    levels = prefix.split("/")
    if not all(levels) or any(character in prefix for character in "+#\0"):
        raise ValueError("a topic prefix is one or more levels like county/sensors, without + and #")
    return prefix


def _formats(names: str) -> str:
    unknown = [name for name in names.split(",") if name not in FORMAT_NAMES]
    if unknown:
        raise ValueError(f"unknown format {unknown[0]!r}: name some of {', '.join(FORMAT_NAMES)}, with commas between")
    return names


def _networks(text: str) -> str:
    parse_networks(text)
    return text


TopicPrefix = Annotated[str, AfterValidator(_topic_level)]
ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class Settings(BaseSettings):
    """The hub's settings; see the README for what each is for. URLs hold passwords, so they never print."""

    model_config = SettingsConfigDict(env_prefix="LIFELINE_", hide_input_in_errors=True, env_ignore_empty=True)

    broker_url: Annotated[SecretStr, AfterValidator(_broker_url)] | None = None  # None: the embedded broker
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] | None = None  # None: the embedded database
    broker_dollar_topics: bool = True  # false for a broker that hangs up on who subscribes to topics like $oc/…
    data_dir: Path = Path("lifeline-data")  # of the embedded servers

    client_id: ClientId = "lifeline"  # two hubs on one broker need two: their sessions there are kept under it
    topic_prefix: TopicPrefix = "sensors"
    squads_prefix: TopicPrefix = "squads"
    ingress_prefix: TopicPrefix = "ingress"  # of the topics on which the api process passes on what is pushed to it
    formats: Annotated[str, AfterValidator(_formats)] = NATIVE  # names with commas between
    profiles_dir: Path | None = None  # device profiles of the county's own, beside those that ship
    channels_file: Path | None = None  # names and addresses of channels to people; the addresses hold secrets
    unknown_sensor: Literal["quarantine", "provision"] = "quarantine"

    # Loopback unless told otherwise: what faces outwards belongs behind a proxy with TLS.
    api_host: str = "127.0.0.1"
    api_port: Port = 8000  # 0: any free one
    api_tls_certificate: FilePath | None = None  # PEM, with the chain
    api_tls_key: FilePath | None = None
    api_trusted_proxies: str = "127.0.0.1"  # whose X-Forwarded-For tells where a request comes from
    probe_host: str = "127.0.0.1"  # live, ready and metrics of each process
    ingest_probe_port: Port = 9101
    dispatch_probe_port: Port = 9102
    api_probe_port: Port = 9103

    # Who issues public warnings, and where the public reaches the API.
    warning_organisation: Annotated[str, Field(pattern=r"^[0-9]{6,20}$")] = "44122300000000"  # as in GB/T 35965
    warning_issuer_zh: str = "广宁县城市管理和综合执法局"
    warning_issuer_en: str = "Guangning County Urban Management Bureau"
    public_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+$")] = "http://127.0.0.1:8000"
    # Called every minute while all processes are well; who hears nothing raises the alarm. May hold a key.
    watchdog_url: Annotated[SecretStr, AfterValidator(_secret_http_url)] | None = None
    grafana_url: Annotated[str, AfterValidator(_http_url)] | None = None  # where `lifeline dashboards` pushes to
    grafana_token: SecretStr | None = None  # of a service account
    reader_password: SecretStr | None = None  # of the database account that Grafana reads with

    map_tiles_url: Annotated[str, AfterValidator(_tiles_url)] | None = None  # with {z}, {x}, {y}; none: outlines alone
    webhook_networks: Annotated[str, AfterValidator(_networks)] | None = (
        None  # inner ones that webhooks may go to, with commas
    )
    # Log-in at an OpenID Connect provider, all of them or none; roles as word=role with commas between.
    oidc_issuer: Annotated[str, AfterValidator(_http_url)] | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_roles: Annotated[str, Field(pattern=r"^[^=,]+=[a-z]+(,[^=,]+=[a-z]+)*$")] | None = None
    oidc_claim: str = "roles"  # the claim that holds the words
    onenet_token: SecretStr | None = None  # of OneNET's push

    # Days, for the tables of readings; `lifeline migrate` and `lifeline up` bring TimescaleDB's policies there.
    keep_readings_days: Annotated[int, Field(ge=7, le=36_500)] = 400
    keep_rollups_days: Annotated[int, Field(ge=7, le=36_500)] | None = None  # for good
    compress_readings_days: Annotated[int, Field(ge=4, le=36_500)] = 7  # roll-ups are brought up to date 3 days back
    compress_rollups_days: Annotated[int, Field(ge=4, le=36_500)] = 14

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_json: bool = False

    @model_validator(mode="after")
    def _key_with_certificate(self) -> "Settings":
        if (self.api_tls_certificate is None) != (self.api_tls_key is None):
            raise ValueError("LIFELINE_API_TLS_CERTIFICATE and LIFELINE_API_TLS_KEY go together: set both or none")
        return self

    @model_validator(mode="after")
    def _whole_provider(self) -> "Settings":
        given = (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret, self.oidc_roles)
        if any(one is not None for one in given) and None in given:
            raise ValueError("LIFELINE_OIDC_ISSUER, _CLIENT_ID, _CLIENT_SECRET and _ROLES go together: set all or none")
        allowed = {"viewer", "officer", "approver", "leader", "administrator"}
        if any(pair.partition("=")[2] not in allowed for pair in (self.oidc_roles or "").split(",") if pair):
            raise ValueError(f"LIFELINE_OIDC_ROLES gives roles among {', '.join(sorted(allowed))}")
        return self

    @property
    def format_names(self) -> tuple[str, ...]:
        """Names of the formats that are switched on, the native one always."""
        return tuple(dict.fromkeys((NATIVE, *self.formats.split(","))))

    @property
    def profile_folders(self) -> tuple[Path, ...]:
        """Folders with device profiles beside those that ship."""
        return () if self.profiles_dir is None else (self.profiles_dir,)

    @property
    def care(self) -> Care:
        """How long readings and roll-ups are kept, and after how long they are compressed."""
        return Care(
            self.keep_readings_days, self.compress_readings_days, self.keep_rollups_days, self.compress_rollups_days
        )

    @property
    def broker(self) -> Broker:
        """Where the broker is; HubError when no URL is set."""
        if self.broker_url is None:
            raise HubError("LIFELINE_BROKER_URL is not set: set it, or run `lifeline up`, which brings a broker")
        return Broker.parse(self.broker_url.get_secret_value())

    @property
    def database(self) -> str:
        """URL of the database, password included; HubError when none is set."""
        if self.database_url is None:
            raise HubError("LIFELINE_DATABASE_URL is not set: set it, or run `lifeline up`, which brings a database")
        return self.database_url.get_secret_value()

    def probe_port(self, role: str) -> int:
        """The port on which the process of ``role`` answers probes."""
        port: int = getattr(self, f"{role}_probe_port")
        return port


def _said(message: str) -> str:
    return message.removeprefix("Value error, ")


def load_settings() -> Settings:
    """The settings from the environment; HubError that names each wrong variable and never repeats its value."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [
            ": ".join([f"LIFELINE_{name}".upper() for name in problem["loc"][:1]] + [_said(problem["msg"])])
            for problem in error.errors(include_input=False, include_url=False)
        ]
        raise HubError("\n".join(wrong)) from None
