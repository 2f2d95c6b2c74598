"""A chart's PNG says what it shows and whose data it is: its title stands beside the chart on a page, and would stay behind.

Plotly draws the PNG in the browser, from the chart as it is at the moment of the click. So at that moment, before Plotly hears of
the click, the chart is given its title, room for it and a ground; and loses them again before it is drawn anew. To do it in the
server would take kaleido, a browser there, and 3 to 4 s for each picture.
"""

import streamlit as st

SCRIPT = """
<i id="titles-every-png" hidden></i>
<script>
if (!window.titlesEveryPng) {
  window.titlesEveryPng = true;
  document.addEventListener("click", function (event) {
    const button = event.target.closest(".modebar-btn[data-title]");
    const chart = button && button.closest(".js-plotly-plot");
    const image = chart && chart._context.toImageButtonOptions;
    if (!image || !image.title) return;
    const full = chart._fullLayout, layout = chart.layout, size = 17, letters = full.width / (size * 0.52);
    const tag = function (name) { return String.fromCharCode(60) + name + ">"; };  // Streamlit drops a script with a tag in it.
    const lines = [""];
    for (const word of image.title.split(" ")) {
      if ((lines.at(-1) + word).length > letters) lines.push("");
      lines[lines.length - 1] += word + " ";
    }
    const above = lines.length * size * 1.3 + 48;
    const before = { title: layout.title, margin: layout.margin, font: layout.font, paper_bgcolor: layout.paper_bgcolor };
    layout.title = {
      text: [tag("b") + lines.join(tag("br")) + tag("/b"), tag('span style="font-size: 11px"') + image.source + tag("/span")]
        .join(tag("br")),
      font: { size: size, color: full.font.color }, x: 0, xref: "container", xanchor: "left", y: 1, yref: "container",
      yanchor: "top", pad: { t: 26, l: 16 }, automargin: false,
    };
    const around = full.margin;
    layout.margin = Object.assign({}, around, { t: around.t + above, l: around.l + 8, r: around.r + 8, b: around.b + 8 });
    // A picture cannot fetch the page's font: what is measured has to be what is drawn, or texts are cut.
    layout.font = Object.assign({}, full.font, { family: "Arial, Helvetica, sans-serif" });
    layout.paper_bgcolor = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor;
    image.width = full.width;
    image.height = full.height + above;
    setTimeout(function () { Object.assign(layout, before); delete image.width; delete image.height; }, 0);
  }, true);
}
</script>
"""


def title_every_png() -> None:
    """Have the page's charts take their titles along: `title` and `source` of `charts.mode_bar`."""
    st.html(SCRIPT, unsafe_allow_javascript=True)
