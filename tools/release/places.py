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

"""The places that name the floor, and the places that must not.

The floor stands in pyproject.toml, as the channel `floor` of the environment,
and the newest TFMOT that is tested as its `tfmot`. Whatever else names one of
them is in `PLACES`, where it is checked and rewritten. A version of TFMOT
anywhere else is found too; `mentions.yaml` says which may be, and why. It is a
list of exceptions (`tools/base/exceptions.py`): `where` is PATH: LINE, and
`what` is `floor` for a line that speaks of the floor, else `mention`.
"""

import pathlib
import re
import tomllib
from typing import Iterator, NamedTuple, Sequence

from packaging import version as versions
import yaml

from tfmot_contrib import errors
from tools.base import exceptions
from tools.base import files
from tools.base import git
from tools.env import releases

FLOOR = 'floor'
LATEST = 'latest'
MENTIONS = pathlib.Path('tools/release/mentions.yaml')
LOCKS = pathlib.Path('tools/env/locks')
_MEND = 'mend it with tools/nox -s pin_tfmot -- {}'
_VERSION = r'(\d[\w.+-]*)'
_ABOUT = re.compile(r'\btfmot\b|model.optimization|\bfloor\b', re.IGNORECASE)
_RELEASE = re.compile(r'(?<![\w.])v?(0\.\d\.\d+)(?!\.?\w)')
_BEHIND = re.compile(
    r'(?:tfmot|model.optimization)[\'"`\]]*'
    r'[ =:<>~!"\']{1,4}(\d+(?:\.\d+)+)',
    re.IGNORECASE,
)
_OLDEST = re.compile(r'\b(floor|oldest|minimum)\b', re.IGNORECASE)


class Place(NamedTuple):
  """Where files name a version.

  Attributes:
    glob: Of the files.
    pattern: What stands there; its group is the version.
    which: `FLOOR` or `LATEST`.
    least: How often it stands in each of the files.
  """

  glob: str
  pattern: str
  which: str
  least: int = 0


PLACES = (
    Place(
        'pyproject.toml', rf'^floor = \{{ tfmot = "{_VERSION}" \}}$', FLOOR, 1
    ),
    Place('pyproject.toml', rf'^tfmot = "{_VERSION}"$', LATEST, 1),
    Place('tfmot_contrib/*/technique.yaml', rf'^floor: {_VERSION}$', FLOOR, 1),
    Place('tfmot_contrib/*/README.md', rf'^TFMOT {_VERSION} or later', FLOOR),
    Place('README.md', rf'--repo_env=TFMOT={_VERSION}`?', FLOOR),
    Place('MAINTAINING.md', rf'floor (?:is )?(?:TFMOT )?{_VERSION}', FLOOR),
    Place(
        'docs/versions.md', rf'--config=floor .*` \| {_VERSION} \|', FLOOR, 1
    ),
    Place('docs/versions.md', rf'\.\.\.` \| {_VERSION} \| .* daily', LATEST, 1),
    Place('docs/*.md', rf'floor (?:is )?(?:TFMOT )?{_VERSION}', FLOOR),
    Place('.github/workflows/*.yml', rf'TFMOT[=:] ?"?{_VERSION}', FLOOR),
)


class Problem(NamedTuple):
  """A place that disagrees.

  Attributes:
    path: The file.
    line: The line, from 1; 0 is the whole file.
    message: What is wrong and how to mend it.
  """

  path: str
  line: int
  message: str

  def __str__(self) -> str:
    return f'{self.path}:{self.line or 1}: {self.message}'


def truth(root: pathlib.Path) -> dict[str, str]:
  """Reads the one source of the floor and of the newest TFMOT.

  Args:
    root: The folder of the project.

  Returns:
    The versions by `FLOOR` and `LATEST`.

  Raises:
    errors.InputError: pyproject.toml does not say, or says nonsense.
  """
  path = root / 'pyproject.toml'
  try:
    table = tomllib.loads(files.read(path))['tool']['tfmot_models']
    table = table['environment']
    found = {FLOOR: table['channels'][FLOOR]['tfmot'], LATEST: table['tfmot']}
    lowest, highest = (versions.Version(v) for v in found.values())
  except (KeyError, TypeError, ValueError) as error:
    raise errors.InputError(
        f'{path} does not name tfmot and the channel floor under'
        f' [tool.tfmot_models.environment] ({error!r}): restore it with git'
    ) from error
  if lowest > highest:
    raise errors.InputError(
        f'{path}: the floor {lowest} is above the newest TFMOT that is tested,'
        f' {highest}: restore it with git'
    )
  return found


def _found(root: pathlib.Path, place: Place) -> Iterator[tuple[str, list]]:
  """Yields the files of a place, each with its matches."""
  for path in sorted(root.glob(place.glob)):
    matches = re.finditer(place.pattern, files.read(path), re.MULTILINE)
    yield str(path.relative_to(root)), list(matches)


def _line(text: str, at: int) -> int:
  """Returns the line of a position."""
  return text.count('\n', 0, at) + 1


def check(root: pathlib.Path) -> list[Problem]:
  """Compares all places, and the locks, with the truth.

  Args:
    root: The folder of the project.

  Returns:
    What disagrees.

  Raises:
    errors.InputError: There is no truth.
  """
  wanted = truth(root)
  mend = _MEND.format(wanted[FLOOR])
  problems = []
  for place in PLACES:
    version = wanted[place.which]
    for path, matches in _found(root, place):
      text = files.read(root / path)
      for match in matches:
        if match[1].rstrip('.') != version:
          problems.append(
              Problem(
                  path,
                  _line(text, match.start(1)),
                  f'names TFMOT {match[1].rstrip(".")}, but the {place.which}'
                  f' is {version}: {mend}',
              )
          )
      if len(matches) < place.least:
        message = (
            f'does not name the {place.which}, TFMOT {version}: restore it'
        )
        problems.append(Problem(path, 0, f'{message} with git'))
      elif place.least and len(matches) > place.least:
        message = f'names the {place.which} {len(matches)} times: say it once'
        problems.append(Problem(path, 0, message))
  problems += _check_locks(root, sorted(set(wanted.values())), mend)
  return [*problems, *_unregistered(root)]


def _check_locks(
    root: pathlib.Path, wanted: Sequence[str], mend: str
) -> Iterator[Problem]:
  """Yields what is wrong with the locks of some versions."""
  for version in wanted:
    path = LOCKS / f'tfmot-{version}.txt'
    if not (root / path).is_file():
      yield Problem(str(path), 0, f'there is no such lock: {mend}')
      continue
    text = files.read(root / path)
    pins = re.findall(r'^([\w-]+)==(\S+)', text, re.MULTILINE)
    if pins != [(releases.PACKAGE, version)] or '--hash=sha256:' not in text:
      told = ', '.join('=='.join(pin) for pin in pins) or 'nothing'
      yield Problem(str(path), 0, f'locks {told}, or has no hash: {mend}')


def rewritten(root: pathlib.Path, wanted: dict[str, str]) -> dict[str, str]:
  """Returns the files that name another version, as they should be.

  Args:
    root: The folder of the project.
    wanted: The versions by `FLOOR` and `LATEST`.

  Returns:
    By path, the whole text.
  """
  texts: dict[str, str] = {}
  for place in PLACES:
    for path in sorted(root.glob(place.glob)):
      name = str(path.relative_to(root))
      old = texts.get(name) or files.read(path)

      def put(match: re.Match, version: str = wanted[place.which]) -> str:
        start, end = (
            match.start(1) - match.start(),
            match.end(1) - match.start(),
        )
        tail = '.' if match[1].endswith('.') else ''  # The end of a sentence.
        return match[0][:start] + version + tail + match[0][end:]

      new = re.sub(place.pattern, put, old, flags=re.MULTILINE)
      if new != old:
        texts[name] = new
  return texts


def mentions(text: str) -> Iterator[tuple[int, str, str]]:
  """Yields the lines of a text that name a version of TFMOT.

  Args:
    text: Of a file.

  Yields:
    The number of the line, from 1, the line, and the version: what looks like a
    release of TFMOT in a line that speaks of TFMOT or a floor, or any version
    right behind TFMOT's name.
  """
  for number, line in enumerate(text.split('\n'), 1):
    if _ABOUT.search(line):
      if found := _RELEASE.search(line) or _BEHIND.search(line):
        yield number, line, found[1]


def kind(line: str) -> str:
  """Returns what a line that names a version is: of the floor, or a mention."""
  return FLOOR if _OLDEST.search(line) else 'mention'


def _unregistered(root: pathlib.Path) -> Iterator[Problem]:
  """Yields mentions of TFMOT's versions that nothing accounts for."""
  path = root / MENTIONS
  try:
    entries = exceptions.parse(yaml.safe_load(files.read(path)), str(MENTIONS))
  except yaml.YAMLError as error:
    raise errors.InputError(f'{MENTIONS} is no YAML: {error}') from error
  registered: dict[str, set[int]] = {}
  for place in PLACES:
    for name, matches in _found(root, place):
      text = files.read(root / name)
      lines = {_line(text, match.start(1)) for match in matches}
      registered.setdefault(name, set()).update(lines)
  faults = []
  for name in git.listed(root):
    try:
      text = (root / name).read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError):  # Deleted, a link or no text.
      continue
    for number, line, version in mentions(text):
      if number in registered.get(name, ()):
        continue
      fault = kind(line), f'{name}: {line}'
      faults.append(fault)
      if not exceptions.covering(entries, *fault):
        yield Problem(
            name,
            number,
            f'names TFMOT {version} and is no place of the floor: add it to'
            f' tools/release/places.py, or to {MENTIONS} with a reason',
        )
  exceptions.refuse_unused(entries, faults, str(MENTIONS))
