"""What hazard types are called: by the rules in force, or, where only people report them, by the console."""

from collections.abc import Mapping

from api.console.frame import Here
from api.console.words import REPORTED_TYPES


async def called(here: Here) -> Mapping[str, str]:
    """Names of hazard types in the person's language; a type that isn't there has none but its own."""
    rules = (await here.person.get("/rules"))["items"]
    reported = {name: here.gettext(word) for name, word in REPORTED_TYPES.items()}
    return reported | {rule["hazard_type"]: here.texts.say(rule["body"]["title"]) for rule in rules}
