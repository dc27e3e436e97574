"""A running Grafana, over its HTTP API: what it has, and bringing it to what we have."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Literal, Self

import requests
from grafana_client import GrafanaApi, TokenAuth
from grafana_client.client import GrafanaException

from dashboards.catalogue import as_text
from dashboards.errors import DashboardError
from dashboards.words import Language, Words

FOLDERS: Mapping[Language, tuple[str, str]] = {"zh": ("lifeline-zh", "值班看板"), "en": ("lifeline-en", "Duty office")}
_ANSWER_WITHIN_S = 15.0
_GIVEN_BY_GRAFANA = ("id", "version")
_MESSAGE = Words("由 lifeline dashboards push 更新", "brought up to date by lifeline dashboards push")


@dataclass(frozen=True, slots=True)
class Difference:
    """How Grafana's dashboard ``uid`` stands to ours; ``lines`` is a unified diff of a changed one."""

    uid: str
    state: Literal["new", "changed", "same"]
    lines: tuple[str, ...] = ()


class Grafana:
    """A Grafana reached with a service account's token that may write dashboards and folders.

    Every method raises DashboardError with what to do when Grafana can't be reached or refuses.
    """

    def __init__(self, url: str, token: str) -> None:
        self._api = GrafanaApi.from_url(url.rstrip("/") + "/", TokenAuth(token), timeout=_ANSWER_WITHIN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._api.client.s.close()

    def compare(self, dashboards: Mapping[str, dict[str, Any]]) -> list[Difference]:
        """How Grafana stands to ``dashboards``, which are called as in the catalogue."""
        return [self._compare(body) for body in dashboards.values()]

    def push(self, dashboards: Mapping[str, dict[str, Any]]) -> list[Difference]:
        """Make the folders, save what is new or changed; what the differences were."""
        differences = []
        for language, (uid, title) in FOLDERS.items():
            self._ensure_folder(uid, title)
            for path, body in dashboards.items():
                if path.startswith(f"{language}/"):
                    difference = self._compare(body)
                    if difference.state != "same":
                        self._save(body, uid, _MESSAGE.of(language))
                    differences.append(difference)
        return differences

    def _compare(self, ours: dict[str, Any]) -> Difference:
        uid = ours["uid"]
        answer = self._ask(f"the dashboard {uid}", lambda: self._api.dashboard.get_dashboard(uid), absent=True)
        if answer is None:
            return Difference(uid, "new")
        theirs = {name: value for name, value in answer["dashboard"].items() if name not in _GIVEN_BY_GRAFANA}
        lines = difflib.unified_diff(
            as_text(theirs).splitlines(), as_text(ours).splitlines(), f"grafana/{uid}", f"lifeline/{uid}", lineterm=""
        )
        return Difference(uid, "same") if theirs == ours else Difference(uid, "changed", tuple(lines))

    def _ensure_folder(self, uid: str, title: str) -> None:
        folder = self._api.folder
        if self._ask(f"the folder {uid}", lambda: folder.get_folder(uid), absent=True) is None:
            self._ask(f"the new folder {uid}", lambda: folder.create_folder(title, uid))

    def _save(self, body: dict[str, Any], folder: str, message: str) -> None:
        wanted = {"dashboard": body, "folderUid": folder, "overwrite": True, "message": message}
        self._ask(f"the change of {body['uid']}", lambda: self._api.dashboard.update_dashboard(wanted))

    def _ask(self, what: str, call: Callable[[], Any], *, absent: bool = False) -> Any:
        """The answer; None for 404 where that only means that something is ``absent``."""
        try:
            answer = call()
        except GrafanaException as error:
            if absent and error.status_code == HTTPStatus.NOT_FOUND:
                return None
            if error.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise DashboardError(
                    f"Grafana refuses {what} ({error.status_code}): LIFELINE_GRAFANA_TOKEN must be the token of a"
                    " service account with the role Editor or Admin"
                ) from error
            raise DashboardError(f"Grafana answers {what} with {error.status_code}: {str(error)[:300]}") from error
        except ValueError as error:
            raise DashboardError(f"what answers at LIFELINE_GRAFANA_URL is no Grafana: {what} is not JSON") from error
        except requests.RequestException as error:
            raise DashboardError(
                f"can't reach Grafana: {error}. Check LIFELINE_GRAFANA_URL and that Grafana is running."
            ) from error
        if not isinstance(answer, dict):
            raise DashboardError(f"what answers at LIFELINE_GRAFANA_URL is no Grafana: {what} is not JSON")
        return answer
