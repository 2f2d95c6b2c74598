"""Charts as SVG text: a few hundred bytes each, sharp on paper, and nothing to fetch.

Colours are Okabe and Ito's (2008), which colour-blind readers can distinguish; dashes and shapes serve without colour.
"""

from markupsafe import Markup

from models.chart_scale import scale
from models.wording import period
from pipelines.exports.board_report.kpis import Kpi

WIDTH, HEIGHT, PAD = 260, 64, 5
INK, TARGET, BASELINE, BAND = "#0072B2", "#D55E00", "#6b7280", "#009E73"
BAR_WIDTH, BAR_HEIGHT = 80, 12


def history(kpi: Kpi, width: int = WIDTH, height: int = HEIGHT) -> Markup:
    """The months of a KPI: mature ones as a line, others as open dots, or open triangles at the edge that they lie beyond; target
    dashed, baseline dotted, benchmark a band."""
    months = kpi["months"].to_dicts()
    if not months:
        return Markup("")
    target, baseline = kpi["target"], kpi["baseline_value"]
    band = [edge for edge in (kpi["benchmark_low"], kpi["benchmark_high"]) if edge is not None]
    mature_values, others = ([row["value"] for row in months if row["is_mature"] == is_mature] for is_mature in (True, False))
    low, high = scale(mature_values, [target, baseline], others)

    def x(place: int) -> float:
        return PAD + place * (width - 2 * PAD) / max(len(months) - 1, 1)

    def y(value: float) -> float:
        return PAD + (high - min(max(value, low), high)) / (high - low) * (height - 2 * PAD)

    shapes = []
    if len(band) == 2:
        top, bottom = y(max(band)), y(min(band))
        shapes.append(_shape("rect", x=0, y=top, width=width, height=max(bottom - top, 1), fill=BAND, opacity=0.15))
    if target is not None:
        shapes.append(_rule(y(target), width, TARGET, "5 3"))
    if baseline is not None:
        shapes.append(_rule(y(baseline), width, BASELINE, "1 3"))
    mature = [(x(place), y(row["value"])) for place, row in enumerate(months) if row["is_mature"]]
    if len(mature) > 1:
        points = " ".join(f"{left:.1f},{top:.1f}" for left, top in mature)
        shapes.append(_shape("polyline", points=points, fill="none", stroke=INK, stroke_width=1.8))
    for left, top in mature[-1:]:
        shapes.append(_shape("circle", cx=left, cy=top, r=3, fill=INK))
    for place, row in enumerate(months):
        if not row["is_mature"] and not low <= row["value"] <= high:
            shapes.append(_triangle(x(place), y(row["value"]), is_up=row["value"] > high))
        elif not row["is_mature"]:
            shapes.append(_shape("circle", cx=x(place), cy=y(row["value"]), r=2.6, fill="#fff", stroke=INK))
    label = f"{kpi['kpi_name']} by month, {period(months[0]['month_on'], months[-1]['month_on'])}"
    return _picture(shapes, width, height, label)


def bar(value: float, greatest: float, is_good: bool | None) -> Markup:
    """A bar from the middle, to the right for a rise: `greatest` is the longest of its table."""
    length = abs(value) / greatest * (BAR_WIDTH / 2 - 1) if greatest else 0.0
    middle = BAR_WIDTH / 2
    colour = {True: BAND, False: TARGET, None: BASELINE}[is_good]
    shapes = [
        _shape("rect", x=middle - (length if value < 0 else 0), y=1, width=max(length, 0.5), height=BAR_HEIGHT - 2, fill=colour),
        _shape("line", x1=middle, x2=middle, y1=0, y2=BAR_HEIGHT, stroke="#9ca3af"),
    ]
    return _picture(shapes, BAR_WIDTH, BAR_HEIGHT, "")


def _triangle(x: float, y: float, *, is_up: bool) -> Markup:
    """It points to where the value lies."""
    tip = 4 if is_up else -4
    points = f"{x - 3.4:.1f},{y + tip / 2:.1f} {x + 3.4:.1f},{y + tip / 2:.1f} {x:.1f},{y - tip:.1f}"
    return _shape("polygon", points=points, fill="#fff", stroke=INK)


def _rule(height: float, width: int, colour: str, dashes: str) -> Markup:
    return _shape("line", x1=0, x2=width, y1=height, y2=height, stroke=colour, stroke_dasharray=dashes)


def _shape(tag: str, **attributes: object) -> Markup:
    words = Markup("").join(
        Markup(' {}="{}"').format(name.replace("_", "-"), f"{value:.1f}" if isinstance(value, float) else value)
        for name, value in attributes.items()
    )
    return Markup("<{}{}/>").format(tag, words)


def _picture(shapes: list[Markup], width: int, height: int, label: str) -> Markup:
    says = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" {2}>{3}</svg>').format(
        width, height, says, Markup("").join(shapes)
    )
