"""The studio's modules are asked for together: a slow phone does not find one after the other."""

import re

from tests.house.sources import ROOT

SCRIPTS = ROOT / "frontend" / "static" / "js"
IMPORTS = re.compile(r'^(?:import|export)[^"]*"((?:audio|elements)/[\w-]+)";$', re.MULTILINE)
PRELOADED = re.compile(r'<link rel="modulepreload"\s+href="\{% static \'js/([\w/-]+)\.js\' %\}">')


def below(name: str) -> set[str]:
    """All modules that this one brings along."""
    found = set(IMPORTS.findall((SCRIPTS / f"{name}.js").read_text()))
    return found.union(*(below(each) for each in found))


def test_every_module_of_the_studio_is_asked_for_with_the_page_and_no_other():
    page = (ROOT / "frontend/templates/contribute/studio_modules.html").read_text()
    asked = PRELOADED.findall(page)

    assert len(asked) == len(set(asked)) > 30
    assert set(asked) == below("elements/recording-studio")
