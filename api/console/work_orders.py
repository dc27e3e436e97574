"""Work orders: sensors that need care, bundled per grid and day."""

from nicegui import ui

from api.console.asking import Question, ask
from api.console.frame import Here, page
from api.console.hazard_types import called
from api.console.listing import Act, Column, Listing
from api.console.names import grid_names
from api.console.texts import N_


@page("/work-orders", N_("Work orders"), allowed="list_work_orders", group="sense", place=30, icon="build")
async def work_orders(here: Here) -> None:
    """Sensors that need care, bundled per grid and day; none of them calls anybody out."""
    _ = here.gettext
    found, grids = (await here.person.get("/work-orders", limit=200))["items"], await grid_names(here)

    async def act(name: str, work_order_id: int) -> None:
        await (silence if name == "silence" else open_order)(work_order_id)

    async def silence(work_order_id: int) -> None:
        questions = [Question("ends_at", _("Until"), "time"), Question("reason", _("Reason"))]
        title = _("Silence the sensors of work order {number} until it is done").format(number=work_order_id)
        given = await ask(here, title, questions)
        if given is not None:
            await here.person.post("/silences", {"work_order_id": work_order_id, **given})
            ui.notify(_("Silenced. What they report is recorded and calls nobody out."), type="positive")

    async def open_order(work_order_id: int) -> None:
        order, types = await here.person.get(f"/work-orders/{work_order_id}"), await called(here)
        with ui.dialog(value=True) as dialog, ui.card().classes("wide"):
            dialog.on("hide", dialog.delete)
            Listing(
                here.texts,
                [
                    Column("sensor", _("Sensor"), "link"),
                    Column("hazard_type", _("What is wrong")),
                    Column("reason", _("Reason")),
                    Column("cleared_at", _("Cleared"), "time"),
                ],
                [
                    {
                        **each,
                        "id": each["hazard_id"],
                        "hazard_type": types.get(each["hazard_type"], each["hazard_type"]),
                        "sensor": [each["sensor"], f"sensors/{each['sensor']}"],
                        "reason": here.texts.say(each["reason"]),
                    }
                    for each in order["sensors"]
                ],
                label=_("Sensors"),
            )

    Listing(
        here.texts,
        [
            Column("day", _("Day"), "code"),
            Column("grid", _("Grid")),
            Column("open_items", _("Still to do"), "number"),
            Column("items", _("All"), "number"),
            Column("created_at", _("Made"), "time"),
            Column("done_at", _("Done"), "time"),
        ],
        [
            {
                **each,
                "id": each["work_order_id"],
                "grid": grids.get(each["grid_id"], each["grid_id"]),
                "without": ["silence"] if each["done_at"] else [],
            }
            for each in found
        ],
        label=_("Work orders"),
        acts=[Act("open", _("Sensors"), key="Enter")]
        + ([Act("silence", _("Silence them"))] if here.person.may("add_silence") else []),
        on_act=act,
    )
