# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""The register of this project's own rules, one function each.

    @registry.file_rule('no-tabs', on=('*.md',), source=…, bad=(…), good=(…))
    def check_no_tabs(file):
      # The docstring says what the rule asks for and why.
      yield 3, 'what is wrong'

The identifier and the name of the function belong together. Loading refuses a
rule without a counterpart, a second one of the same name, and one that does not
say where it comes from, why it is there, and what is bad and good.
"""

import dataclasses
import functools
import importlib
import pathlib
import pkgutil
import sys
from typing import Any, Callable, Iterator, Mapping, Sequence

from tools.lint import tree
from tools.versions import bootstrap

Files = Mapping[str, str]  # Texts by path.
_CORE = ('registry.py', 'tree.py')

STYLE = 'https://github.com/tensorflow/models/wiki/Coding-guidelines'
PAPER = (
    'https://github.com/tensorflow/models/wiki/Research-paper-code-contribution'
)
TEMPLATE = 'Official Models, .github/README_TEMPLATE.md'
DESIGN = 'docs/architecture.md'
CONTRIBUTING = 'CONTRIBUTING.md'
TFMOT = 'https://github.com/tensorflow/model-optimization/blob/master/CONTRIBUTING.md'


class RuleError(Exception):
  """A rule is not as a rule has to be: a defect of the lint itself."""


@dataclasses.dataclass(frozen=True)
class Rule:
  """A rule of this project.

  Attributes:
    id: Its identifier.
    check: Of a file rule, yields lines and messages for a `tree.File`; of a
      project rule, paths, lines and messages for a `tree.Project`.
    on: Globs of the files that a file rule is for, or that a project rule
      reads: only when one of them changes, it runs again.
    source: Where the guidelines ask for it.
    bad: Two or more examples that break it.
    good: One or more that do not.
    fix: Returns the text of a file mended, where a machine can do that.
    project: Whether it is a project rule.
    slow: Whether it starts a process that takes seconds.
    skip: Globs of files that a file rule is not for.
  """

  id: str
  check: Callable[..., Iterator[Any]]
  on: tuple[str, ...]
  source: str
  bad: tuple[Files, ...]
  good: tuple[Files, ...]
  fix: Callable[[str], str] | None = None
  project: bool = False
  slow: bool = False
  skip: tuple[str, ...] = ()

  @property
  def why(self) -> str:
    """What the rule asks for and why: the docstring of the function."""
    lines = (self.check.__doc__ or '').strip().split('\n')
    return '\n'.join(line.strip() for line in lines)

  @functools.cached_property
  def version(self) -> str:
    """A digest of the code that it is made of."""
    here = pathlib.Path(__file__).parent
    own = sys.modules[self.check.__module__].__file__
    paths = [*(here / name for name in _CORE), pathlib.Path(own)]
    return bootstrap.digest(*map(_read, paths))

  def applies(self, path: str) -> bool:
    """Tells whether the rule is for a file."""
    return tree.matches(path, self.on) and not tree.matches(path, self.skip)

  def find(self, what: tree.File | tree.Project) -> list[tree.Finding]:
    """Returns what the rule finds in a file, or in a project."""
    if self.project:
      return [
          tree.Finding(path, line, self.id, message)
          for path, line, message in self.check(what)
      ]
    if what.text is None:
      return []
    return [
        tree.Finding(what.path, line, self.id, message)
        for line, message in self.check(what)
    ]


@functools.cache
def _read(path: pathlib.Path) -> bytes:
  return path.read_bytes()


RULES: dict[str, Rule] = {}


def _register(rule: Rule) -> None:
  """Adds a rule.

  Args:
    rule: The rule.

  Raises:
    RuleError: It is a duplicate, misnamed or not explained.
  """
  name = getattr(rule.check, '__name__', '?')
  if rule.id in RULES:
    raise RuleError(f'there are two rules {rule.id}')
  if name != f'check_{rule.id.replace("-", "_")}':
    raise RuleError(f'the function of {rule.id} is called {name}')
  if not rule.why or not rule.source:
    raise RuleError(f'{rule.id} does not say why or where that is asked for')
  if len(rule.bad) < 2 or not rule.good:
    raise RuleError(f'{rule.id} needs two bad examples and a good one')
  RULES[rule.id] = rule


def file_rule(name: str, **fields: Any) -> Callable[[Any], Any]:
  """Registers a function that checks one file; see `Rule` for the fields."""

  def decorate(check: Any) -> Any:
    _register(Rule(id=name, check=check, **fields))
    return check

  return decorate


def project_rule(name: str, **fields: Any) -> Callable[[Any], Any]:
  """Registers a function that checks files together; see `Rule`."""
  return file_rule(name, project=True, **fields)


def check_module(module: Any) -> None:
  """Refuses a module that has a check without a rule."""
  registered = {rule.check for rule in RULES.values()}
  for name, value in vars(module).items():
    if name.startswith('check_') and value not in registered:
      raise RuleError(f'{module.__name__}.{name} is no rule: register it')


def load() -> dict[str, Rule]:
  """Returns all rules by identifier, after a check of each module."""
  from tools.lint import rules  # pylint: disable=import-outside-toplevel

  for info in pkgutil.iter_modules(rules.__path__):
    if not info.name.endswith('_test'):
      check_module(importlib.import_module(f'{rules.__name__}.{info.name}'))
  return RULES


def files_of(rule: Rule, project: tree.Project) -> list[tree.File]:
  """Returns the files of a project that a rule is for or reads."""
  return [f for path, f in sorted(project.files.items()) if rule.applies(path)]


def texts(*pairs: Sequence[str]) -> tuple[Files, ...]:
  """Returns examples of one file each from paths and texts."""
  return tuple({path: text} for path, text in pairs)
