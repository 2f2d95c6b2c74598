"""Completes names of tables and columns while a query is typed.

Streamlit's text area knows no completion, and an editor from elsewhere would be a frame with an address of its own. So a script
of the page's own listens to the area with the label `Query`, and lists what begins or continues the word at the cursor: Tab or
Enter takes the first or the chosen one, Escape none; a word of SQL stays as it is, and Ctrl+Enter runs the query. It writes
through the browser's own setter, so that Streamlit hears of it.
"""

import json
from html import escape

import streamlit as st

SCRIPT = """
<i id="completes-names" hidden></i>
<script>
if (!window.completesNames) {
  window.completesNames = true;
  const box = document.createElement("ul");
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", "Names that fit");
  Object.assign(box.style, { position: "fixed", zIndex: 1000000, margin: 0, padding: "2px", listStyle: "none", display: "none",
    background: "#ffffff", color: "#1a1f2b", border: "1px solid #8a94a3", borderRadius: "6px", maxWidth: "32rem",
    font: "13px monospace", boxShadow: "0 4px 14px rgba(0,0,0,.18)" });
  document.body.appendChild(box);
  let fits = [], place = 0, area = null;
  const keywords = new Set(("all and as asc between by case cast count date desc distinct else end false from full group " +
    "having in inner interval is join left like limit max min not null nulls on or order outer over partition right row " +
    "select sum then true union using values when where with").split(" "));
  const word = function () {
    const before = area.value.slice(0, area.selectionStart);
    return (before.match(/[A-Za-z_][A-Za-z0-9_.]*$/) || [""])[0];
  };
  const close = function () { fits = []; box.style.display = "none"; };
  const draw = function () {
    box.replaceChildren(...fits.map(function (name, index) {
      const item = document.createElement("li");
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(index === place));
      item.textContent = name;
      const ground = index === place ? "#dbe9f8" : "transparent";
      Object.assign(item.style, { padding: "2px 8px", cursor: "pointer", background: ground });
      item.addEventListener("mousedown", function (event) { event.preventDefault(); place = index; take(); });
      return item;
    }));
    const around = area.getBoundingClientRect();
    Object.assign(box.style, { display: "block", left: around.left + 12 + "px", top: around.bottom - 6 + "px" });
  };
  const take = function () {
    const start = area.selectionStart - word().length, name = fits[place];
    const text = area.value.slice(0, start) + name + area.value.slice(area.selectionStart);
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, text);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.selectionStart = area.selectionEnd = start + name.length;
    close();
  };
  document.addEventListener("input", function (event) {
    if (!event.target.matches('textarea[aria-label="Query"]') || !event.isTrusted) return;
    area = event.target;
    const typed = word().toLowerCase();
    if (typed.length !== 0 && typed.length >= 2 && !keywords.has(typed)) {
      const names = JSON.parse(document.getElementById("names-to-complete").dataset.names);
      const first = names.filter(function (name) { return name.toLowerCase().startsWith(typed); });
      const later = names.filter(function (name) { return !first.includes(name) && name.toLowerCase().includes(typed); });
      fits = first.concat(later).filter(function (name) { return name.toLowerCase() !== typed; }).slice(0, 8);
      place = 0;
      if (fits.length) return draw();
    }
    close();
  }, true);
  document.addEventListener("keydown", function (event) {
    if (!fits.length || event.target !== area) return;
    if (event.ctrlKey || event.metaKey) return close();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) place = (place + step + fits.length) % fits.length;
    if (step) draw();
    else if (event.key === "Tab" || event.key === "Enter") take();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("focusout", function (event) { if (event.target === area) close(); }, true);
}
</script>
"""


def complete_names(names: list[str]) -> None:
    """Offer these names while a query is typed on this page."""
    # Beside the script, whose hash the server's policy names: a script with the names in it would be another for each role.
    st.html(f'<i id="names-to-complete" data-names="{escape(json.dumps(names))}" hidden></i>')
    st.html(SCRIPT, unsafe_allow_javascript=True)
