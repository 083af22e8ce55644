"""How Sphinx builds the site from the folder that docs/tools/build_site.py puts together."""

from importlib.metadata import version as _version

project = "Quirkbook"
copyright = "the Quirkbook authors"
release = _version("quirkbook")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_static"]

myst_enable_extensions = ["fieldlist"]
myst_heading_anchors = 4  # pages link to headings as they do on a forge
myst_links_external_new_tab = False
# Pages of rules begin at any level, and the language page shows YAML that is wrong on purpose.
suppress_warnings = ["myst.header", "misc.highlighting_failure"]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
nitpicky = False

html_theme = "pydata_sphinx_theme"
html_title = "Quirkbook"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["_extra"]
html_show_sourcelink = False
html_theme_options = {
    "github_url": "https://github.com/quirkbook/quirkbook",
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}
