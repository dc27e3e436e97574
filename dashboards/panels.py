"""The few kinds of panels that the dashboards are made of, drawn alike everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import barchart, common, dashboard, geomap, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import geomap as geomap_model

from alerts.families import HUB
from alerts.grades import GRADES
from dashboards.query import DATASOURCE, Query
from dashboards.words import COLUMN_WORDS, DRILL_WORDS, GRADE_WORDS, HUB_WORDS, STAGE_WORDS, TASK_WORDS, Language, Words
from ingest.kinds import KINDS, Quantity

GRADE_COLOURS: dict[int, str] = {grade.number: grade.colour for grade in GRADES}
_CALM = "green"
_UNITS = {"%": "percent", "°": "degree", "°C": "celsius", "m": "lengthm", "s": "s", "1": "short"}
_SECONDS = {name for name in COLUMN_WORDS if name.endswith("_s")} | {"median_s", "p90_s", "since_s", "oldest_s"}
_SECONDS |= {"behind_s", "late_s", "skew_s"}
_UNIT_OF_COLUMN = {**dict.fromkeys(_SECONDS, "s"), "size": "bytes", "bytes": "bytes", "disk_free": "percentunit"}


def unit_of(quantity: Quantity) -> str:
    """Grafana's name of the quantity's unit."""
    return _UNITS.get(quantity.unit, f"suffix: {quantity.unit}")


def decimals_of(quantity: Quantity) -> int:
    """Digits behind the point that the quantity's resolution is worth."""
    return max(0, len(f"{quantity.resolution:.6f}".rstrip("0").partition(".")[2]))


def _mapping(results: Mapping[str, tuple[str, str | None]]) -> model.ValueMap:
    return model.ValueMap(
        options={
            value: model.ValueMappingResult(text=text, color=colour, index=place)
            for place, (value, (text, colour)) in enumerate(results.items())
        }
    )


def severity_mapping(language: Language) -> model.ValueMap:
    """0 is calm, 1 blue to 4 red: what the plots and the map count in."""
    calm: dict[str, tuple[str, str | None]] = {"0": (Words("正常", "calm").of(language), _CALM)}
    graded = {str(5 - number): (words.of(language), GRADE_COLOURS[number]) for number, words in GRADE_WORDS.items()}
    return _mapping({**calm, **graded})


def words_mapping(words: Mapping[str, Words], language: Language) -> model.ValueMap:
    """Words of the database in the reader's language."""
    return _mapping({value: (phrase.of(language), None) for value, phrase in words.items()})


def places_mapping(words: Sequence[Words], language: Language, colours: Sequence[str]) -> model.ValueMap:
    """Places in a list of states as words."""
    pairs = zip(words, colours, strict=True)
    return _mapping({str(place): (phrase.of(language), colour) for place, (phrase, colour) in enumerate(pairs)})


def _steps(steps: Sequence[tuple[float | None, str]]) -> dashboard.ThresholdsConfig:
    thresholds = [model.Threshold(value=value, color=colour) for value, colour in steps]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(thresholds)


_SEVERITIES = [(None, _CALM), *((float(grade.severity), grade.colour) for grade in GRADES)]


def _set(**properties: Any) -> list[model.DynamicConfigValue]:
    return [
        model.DynamicConfigValue(id_val=name, value=value) for name, value in properties.items() if value is not None
    ]


def _custom(**properties: Any) -> list[model.DynamicConfigValue]:
    return [model.DynamicConfigValue(id_val=f"custom.{name}", value=value) for name, value in properties.items()]


@dataclass(frozen=True, slots=True)
class Panels:
    """Panels whose words are in ``language`` and whose incidents lead to the ``console``."""

    language: Language
    console: str

    def series(
        self,
        title: Words,
        sql: str,
        *,
        unit: str = "short",
        decimals: int | None = None,
        limits: str | None = None,
        bars: bool = False,
        names: Mapping[str, Words] | None = None,
        colours: Mapping[str, str] | None = None,
        width: int = 12,
    ) -> timeseries.Panel:
        """Lines over time, or stacked bars; ``limits`` is a query whose series are the limits of each grade."""
        panel = timeseries.Panel().title(title.of(self.language)).datasource(DATASOURCE).span(width).height(8)
        panel.unit(unit).with_target(Query(sql, series=True)).span_nulls(False).insert_nulls(False)
        panel.tooltip(common.VizTooltipOptions().mode(common_model.TooltipDisplayMode.MULTI))
        panel.legend(common.VizLegendOptions().show_legend(True).placement(common_model.LegendPlacement.BOTTOM))
        if decimals is not None:
            panel.decimals(decimals)
        if bars:
            panel.draw_style(common_model.GraphDrawStyle.BARS).fill_opacity(70).line_width(0)
            panel.stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL).group("A"))
        else:
            panel.line_width(2).show_points(common_model.VisibilityMode.AUTO)
        for name, words in (names or {}).items():
            panel.override_by_name(name, _set(displayName=words.of(self.language)))
        for name, colour in (colours or {}).items():
            panel.override_by_name(name, _set(color={"mode": "fixed", "fixedColor": colour}))
        if limits is not None:
            panel.with_target(Query(limits, "B", series=True))
            self._draw_limits(panel)
        return panel

    def _draw_limits(self, panel: timeseries.Panel) -> None:
        """A dashed line for each grade, and the band up to the next graver one in its colour."""
        for grade in GRADES:
            graver = next((other for other in GRADES if other.severity == grade.severity + 1), None)
            word = GRADE_WORDS[grade.number].of(self.language)
            style = _custom(
                lineStyle={"fill": "dash", "dash": [10, 6]},
                lineWidth=1,
                lineInterpolation="stepAfter",
                spanNulls=True,
                showPoints="never",
                fillOpacity=12,
            )
            band = _custom(fillBelowTo=f"limit {graver.colour}") if graver else []
            name = Words(f"{word} 限值", f"{word} limit").of(self.language)
            colour = _set(displayName=name, color={"mode": "fixed", "fixedColor": grade.colour})
            panel.override_by_name(f"limit {grade.colour}", [*colour, *style, *band])

    def figures(
        self,
        title: Words,
        sql: str,
        columns: Mapping[str, tuple[Words, str]],
        *,
        unit: str = "short",
        width: int = 6,
        height: int = 4,
    ) -> stat.Panel:
        """Numbers side by side: each column of the one row, with its words and the colour it has above zero."""
        panel = stat.Panel().title(title.of(self.language)).datasource(DATASOURCE).span(width).height(height)
        panel.with_target(Query(sql, series=False)).unit(unit).no_value("–")
        panel.color_mode(common_model.BigValueColorMode.VALUE).graph_mode(common_model.BigValueGraphMode.NONE)
        panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        panel.thresholds(_steps([(None, _CALM)]))
        for name, (words, colour) in columns.items():
            steps = {"mode": "absolute", "steps": [{"color": "text", "value": None}, {"color": colour, "value": 1e-9}]}
            own = _UNIT_OF_COLUMN.get(name)
            panel.override_by_name(name, _set(displayName=words.of(self.language), thresholds=steps, unit=own))
        return panel

    def state(self, title: Words, sql: str, *, width: int = 4) -> stat.Panel:
        """One severity as a word on its colour."""
        panel = stat.Panel().title(title.of(self.language)).datasource(DATASOURCE).span(width).height(4)
        panel.with_target(Query(sql, series=False)).mappings([severity_mapping(self.language)])
        panel.color_mode(common_model.BigValueColorMode.BACKGROUND).graph_mode(common_model.BigValueGraphMode.NONE)
        panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        return panel.thresholds(_steps(_SEVERITIES))

    def lanes(self, title: Words, sql: str, mapping: model.ValueMap, *, width: int = 24) -> statetimeline.Panel:
        """States over time, a lane for each series."""
        panel = statetimeline.Panel().title(title.of(self.language)).datasource(DATASOURCE).span(width).height(9)
        panel.with_target(Query(sql, series=True)).mappings([mapping]).merge_values(True).fill_opacity(80)
        panel.show_value(common_model.VisibilityMode.AUTO).row_height(0.8)
        return panel.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))

    def table(
        self,
        title: Words,
        sql: str,
        columns: Sequence[str],
        *,
        quantities: Sequence[Quantity] = (),
        links: Mapping[str, str] | None = None,
        width: int = 24,
        height: int = 9,
    ) -> table.Panel:
        """Rows with the columns named as in COLUMN_WORDS; ``links`` leads from a column's cell to an address."""
        panel = table.Panel().title(title.of(self.language)).datasource(DATASOURCE).span(width).height(height)
        panel.with_target(Query(sql, series=False)).filterable(True).cell_height(common_model.TableCellHeight.SM)
        for name in columns:
            panel.override_by_name(name, self._column(name, (links or {}).get(name)))
        for quantity in quantities:
            words = Words(quantity.zh, quantity.en).of(self.language)
            panel.override_by_name(
                quantity.name,
                _set(displayName=words, unit=unit_of(quantity), decimals=decimals_of(quantity)),
            )
        return panel

    def _column(self, name: str, link: str | None) -> list[model.DynamicConfigValue]:
        words = COLUMN_WORDS[name].of(self.language)
        if name == "incident_id":
            link = link or f"{self.console}/console/incidents/${{__value.raw}}"
        unit = "none" if name.endswith("_id") else _UNIT_OF_COLUMN.get(name)
        mapping = self._mapping_of(name)
        cell = {"type": "color-background", "mode": "basic"} if name in ("grade", "peak_grade", "severity") else None
        return [
            *_set(displayName=words, unit=unit, mappings=[mapping] if mapping else None),
            *(_custom(cellOptions=cell) if cell else []),
            *(_set(links=[{"title": words, "url": link, "targetBlank": False}]) if link else []),
        ]

    def _mapping_of(self, name: str) -> model.ValueMap | None:
        match name:
            case "grade" | "peak_grade":
                graded = {
                    str(number): (words.of(self.language), GRADE_COLOURS[number])
                    for number, words in GRADE_WORDS.items()
                }
                return _mapping(graded)
            case "severity":
                return severity_mapping(self.language)
            case "stage":
                return words_mapping(STAGE_WORDS, self.language)
            case "status":
                duty = {"free": Words("待命", "free"), "off_duty": Words("休班", "off duty")}
                return words_mapping(TASK_WORDS | DRILL_WORDS | duty, self.language)
            case "kind":
                kinds = {kind.name: Words(kind.zh, kind.en) for kind in KINDS.values()} | {HUB: HUB_WORDS}
                return words_mapping(kinds, self.language)
            case "ready" | "happened":
                ready = (Words("否", "no"), Words("是", "yes"))
                return places_mapping(ready, self.language, ("red", "green"))
        return None

    def bars(self, title: Words, sql: str, name: Words, *, width: int = 12) -> barchart.Panel:
        """A bar for each row: its text column below, its number as height."""
        panel = barchart.Panel().title(title.of(self.language)).datasource(DATASOURCE).span(width).height(8)
        panel.with_target(Query(sql, series=False)).display_name(name.of(self.language))
        return panel.legend(common.VizLegendOptions().show_legend(False))

    def map(self, title: Words, layers: Sequence[tuple[str, Words, str, int]], *, width: int = 14) -> geomap.Panel:
        """Markers on a map, a layer for each (query, name, column that colours, size in pixels)."""
        panel = geomap.Panel().title(title.of(self.language)).datasource(DATASOURCE).span(width).height(18)
        panel.thresholds(_steps(_SEVERITIES)).mappings([severity_mapping(self.language)])
        panel.view(geomap.MapViewConfig().id("fit").all_layers(True).padding(10))
        panel.tooltip(geomap.TooltipOptions().mode(geomap_model.TooltipMode.DETAILS))
        built: list[Builder[common_model.MapLayerOptions]] = []
        for ref_id, (sql, name, colour, size) in zip("ABCDEF", layers, strict=False):
            panel.with_target(Query(sql, ref_id, series=False))
            built.append(_marker_layer(name.of(self.language), ref_id, colour, size))
        return panel.layers(built)


def _marker_layer(name: str, ref_id: str, colour: str, size: int) -> common.MapLayerOptions:
    place = common.FrameGeometrySource().mode(common_model.FrameGeometrySourceMode.COORDS)
    style = {
        "color": {"field": colour, "fixed": _CALM},
        "size": {"fixed": size, "min": size, "max": size},
        "opacity": 0.8,
        "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
    }
    layer = common.MapLayerOptions().type("markers").name(name).tooltip(True)
    layer.config({"showLegend": True, "style": style}).filter_data({"id": "byRefId", "options": ref_id})
    return layer.location(place.latitude("latitude").longitude("longitude"))
