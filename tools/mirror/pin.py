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

"""The pin and the lock: which upstream the fork mirrors, and its digests.

`official/upstream.toml` is written by people: where the files come from, and
which of them. `official/upstream.lock` is written by the
sync: what that was when it was last resolved, with a digest for every file as
upstream has it and as it is with the fork's patches. Who has the lock can tell,
without a network, whether a mirror is the right one.
"""

import hashlib
import json
import pathlib
import re
import tomllib
from typing import Any, Iterable, Mapping, NamedTuple

from tfmot_contrib import errors
from tools.mirror import tree

TOOL = 1  # The version of the tool, written into the lock.
KINDS = ('pypi', 'git', 'folder')
_VERSION_KEY = {'pypi': 'version', 'git': 'ref', 'folder': ''}
# Of each key of [source], what it may be. Some become arguments of a program.
_FORMS = {
    'pypi': re.compile(r'[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?'),
    'git': re.compile(r'[^-].*'),
    'folder': re.compile(r'[^-].*'),
    'version': re.compile(r'[A-Za-z0-9][A-Za-z0-9._+!-]*'),
    'ref': re.compile(r'[A-Za-z0-9][A-Za-z0-9._/+-]*'),
    'subfolder': re.compile(r'.+'),
}
_REPOSITORY = re.compile(r'([\w.-]+/[\w.-]+)?')
_WILD = {'*': '[^/]*', '?': '[^/]'}
_GONE = '-'
_HEX = re.compile(r'[0-9a-f]{40}([0-9a-f]{24})?')
_MEND = 'take it from git, or make it anew: sync_upstream -- --same-version'

_LOCK_HEADER = """\
# What upstream.toml was resolved to, with the sha256 of every file: `pristine`
# as upstream has it, `patched` where the fork's patches make it another file or
# (-) take it away.
# Written by `tools/nox -s sync_upstream`; --check compares the tree with it.
"""


class Source(NamedTuple):
  """Where upstream's files come from.

  Attributes:
    kind: `pypi`, `git` or `folder`.
    where: The name of the package; the URL or path of a repository, clone or
      bundle; or the path of a folder.
    version: A version, a ref, or '' for a folder.
    subfolder: Of a repository or folder: the one that holds `official/`.
  """

  kind: str
  where: str
  version: str = ''
  subfolder: str = ''

  def __str__(self) -> str:
    name = self.where if self.kind == 'pypi' else pathlib.Path(self.where).name
    return f'{name} {self.version}'.strip()

  def table(self) -> dict[str, str]:
    """Returns the `[source]` table that says this."""
    table = {self.kind: self.where}
    if self.kind != 'folder':
      table[_VERSION_KEY[self.kind]] = self.version
    if self.subfolder:
      table['subfolder'] = self.subfolder
    return table


class Pin(NamedTuple):
  """What `official/upstream.toml` says.

  Attributes:
    source: Where the files come from.
    repository: `owner/name` on GitHub, which a `#123` of upstream's means.
    include: Globs of the files to take.
    exclude: Globs of those to leave out.
  """

  source: Source
  repository: str
  include: tuple[str, ...]
  exclude: tuple[str, ...] = ()

  @property
  def selection(self) -> str:
    """The digest of all that says which files there are."""
    globs = json.dumps([self.include, self.exclude, []])
    return hashlib.sha256(globs.encode()).hexdigest()

  def select(self, names: Iterable[str], where: str) -> list[str]:
    """Chooses the files of the mirror.

    Args:
      names: The paths that upstream has.
      where: What has them, for the message.

    Returns:
      The paths that a glob includes and none excludes, sorted.

    Raises:
      errors.InputError: A glob matches nothing: it has a typing mistake, or
        upstream moved what it meant.
    """
    chosen = left = set(names)
    for key, globs in (('include', self.include), ('exclude', self.exclude)):
      matched = set()
      for glob in globs:
        found = set(filter(_pattern(glob).fullmatch, chosen))
        if not found:
          raise errors.InputError(
              f'the glob {glob!r} of [files] {key} matches nothing in {where}:'
              ' mend it in official/upstream.toml'
          )
        matched |= found
      chosen = left = matched if key == 'include' else left - matched
    return sorted(left)


class Lock(NamedTuple):
  """What `official/upstream.lock` says.

  Attributes:
    source: The source it was made from.
    resolved: What that was: `wheel` and `sha256`, or `commit`.
    selection: The digest of the globs.
    patches: A sha256 for each patch file.
    pristine: A stamp for each file as upstream has it.
    patched: The same with the patches.
  """

  source: Source
  resolved: Mapping[str, str]
  selection: str
  patches: Mapping[str, str]
  pristine: tree.Digests
  patched: tree.Digests


def _pattern(glob: str) -> re.Pattern[str]:
  """Returns what a glob means, which is what git's `:(glob)` means.

  Args:
    glob: Such as `official/**/*.py`: `*` and `?` stay within a part of a path,
      `**` as a whole part stands for any number of parts.

  Returns:
    A pattern that matches whole paths.

  Raises:
    errors.InputError: It has an empty part, `..`, a set or a backslash.
  """
  parts = glob.split('/')
  if not all(parts) or '..' in parts or set(glob) & set('[\\'):
    raise errors.InputError(
        f'the glob {glob!r} is none: write it like official/**/*.py, with *, **'
        ' and ? alone'
    )
  out = ''
  for number, part in enumerate(parts, 1):
    last = number == len(parts)
    if len(part) > 1 and not part.strip('*'):
      out += '.+' if last else '(?:[^/]+/)*'
    else:
      out += ''.join(_WILD.get(char) or re.escape(char) for char in part)
      out += '' if last else '/'
  return re.compile(out, re.DOTALL)


def _read(path: pathlib.Path) -> dict[str, Any]:
  """Reads a TOML file, or says which one is broken."""
  try:
    return tomllib.loads(path.read_bytes().decode())
  except (OSError, ValueError, RecursionError) as error:
    # tomllib lets through what int() says to a number of 5000 digits.
    raise errors.InputError(f'cannot read {path}: {error}') from error


def _texts(value: Any, what: str) -> dict[str, str]:
  """Returns `value` if it is a table of texts."""
  if not isinstance(value, dict) or not all(
      isinstance(text, str) for text in value.values()
  ):
    raise errors.InputError(f'{what} is no table of texts')
  return value


def make_source(values: Any, what: str) -> Source:
  """Returns the source that a table describes.

  Args:
    values: The table.
    what: What it is, for the message.

  Returns:
    The source.

  Raises:
    errors.InputError: A key is missing, unknown or badly formed.
  """
  values = _texts(values, what)
  kinds = [kind for kind in KINDS if kind in values]
  if len(kinds) != 1:
    raise errors.InputError(f'{what} needs one of {", ".join(KINDS)}')
  (kind,) = kinds
  key = _VERSION_KEY[kind]
  keys = {kind, key, '' if kind == 'pypi' else 'subfolder'} - {''}
  if unknown := sorted(values.keys() - keys):
    raise errors.InputError(f'{what} has an unknown key: {unknown[0]}')
  values = {key: '', **values} if key else values
  for name, value in values.items():
    if not _FORMS[name].fullmatch(value) or not value.isprintable():
      raise errors.InputError(f'{what}: {value!r} is no {name}: write it whole')
  subfolder = values.get('subfolder', '')
  if subfolder:
    tree.check_name(subfolder, what)
  return Source(kind, values[kind], values.get(key, ''), subfolder)


def load(official: pathlib.Path) -> Pin:
  """Reads `upstream.toml`.

  Args:
    official: Its folder.

  Returns:
    The pin.

  Raises:
    errors.InputError: It cannot be read, or a value is wrong.
  """
  path = official / 'upstream.toml'
  values = _read(path)
  what = path.name
  chosen = values.pop('files', None)
  source = make_source(values.pop('source', {}), f'[source] of {what}')
  repository = values.pop('repository', '')
  if values:
    raise errors.InputError(f'{what} has an unknown key: {min(values)}')
  if not isinstance(chosen, dict) or chosen.keys() - {'include', 'exclude'}:
    raise errors.InputError(f'{what} needs [files] with include and exclude')
  lists = [chosen.get(key, []) for key in ('include', 'exclude')]
  for globs in lists:
    if not isinstance(globs, list) or not all(
        isinstance(glob, str) and _pattern(glob) for glob in globs
    ):
      raise errors.InputError(f'{what}: include or exclude is no list of globs')
  if not lists[0]:
    raise errors.InputError(f'{what}: include has no glob')
  if not isinstance(repository, str) or not _REPOSITORY.fullmatch(repository):
    raise errors.InputError(f'{what}: repository is no "owner/name"')
  return Pin(source, repository, *map(tuple, lists))


def load_lock(official: pathlib.Path) -> Lock:
  """Reads `upstream.lock` and checks that it agrees with itself.

  Args:
    official: Its folder.

  Returns:
    The lock.

  Raises:
    errors.InputError: It cannot be read, is of a newer tool, or was changed by
      hand or by a merge.
  """
  path = official / 'upstream.lock'
  values = _read(path)
  what = path.name
  if values.get('tool') != TOOL:
    raise errors.InputError(
        f'{what} is of version {values.get("tool")!r} of the tool, this is'
        f' version {TOOL}: {_MEND}'
    )
  digests, patches, resolved, listed = (
      _texts(values.get(key), f'[{key}] of {what}')
      for key in ('digests', 'patches', 'resolved', 'files')
  )
  # A table of TOML says the same and takes ten times as long to read.
  pristine, changed = (
      {
          name: stamp
          for row in listed.get(key, '').splitlines()
          for stamp, _, name in [row.partition('  ')]
      }
      for key in ('pristine', 'patched')
  )
  patched = {**pristine, **changed}
  patched = {n: stamp for n, stamp in patched.items() if stamp != _GONE}
  for key, stamps in (('pristine', pristine), ('patched', patched)):
    if tree.digest(stamps) != digests.get(key):
      raise errors.InputError(
          f'{what} contradicts itself: {key} does not have the digest that it'
          f' names; {_MEND}'
      )
  source = make_source(values.get('source'), f'[source] of {what}')
  key = {'pypi': 'sha256', 'git': 'commit'}.get(source.kind)
  if key and not _HEX.fullmatch(resolved.get(key, '')):
    raise errors.InputError(f'[resolved] of {what} lacks {key}: {_MEND}')
  selection = digests.get('selection', '')
  return Lock(source, resolved, selection, patches, pristine, patched)


def lock_text(lock: Lock) -> str:
  """Returns the text of `upstream.lock`."""
  import tomlkit  # pylint: disable=g-import-not-at-top # Bazel has no packages.

  changed = {
      name: lock.patched.get(name, _GONE)
      for name in sorted(lock.pristine.keys() | lock.patched.keys())
      if lock.pristine.get(name) != lock.patched.get(name)
  }
  tables = {
      'source': lock.source.table(),
      'resolved': lock.resolved,
      'digests': {
          'selection': lock.selection,
          'pristine': tree.digest(lock.pristine),
          'patched': tree.digest(lock.patched),
      },
      'patches': lock.patches,
      'files': {},
  }
  text = f'{_LOCK_HEADER}{tomlkit.dumps({"tool": TOOL, **tables})}'
  for key, stamps in (('pristine', lock.pristine), ('patched', changed)):
    rows = [f'{stamp}  {name}\n' for name, stamp in stamps.items()]
    text += f'{key} = """\n{"".join(rows)}"""\n'
  return text


def pin_text(official: pathlib.Path, source: Source) -> str:
  """Returns the text of `upstream.toml` with another source.

  Args:
    official: Its folder.
    source: The new source.

  Returns:
    The text, in which comments and all other tables are as they were.

  Raises:
    errors.InputError: Its [source] is in pieces.
  """
  import tomlkit  # pylint: disable=g-import-not-at-top # Bazel has no packages.

  document = tomlkit.parse(
      (official / 'upstream.toml').read_bytes().decode('utf-8')
  )
  table, new = document['source'], source.table()
  if not hasattr(table.value, 'body'):  # As of `source.pypi = …`.
    raise errors.InputError('upstream.toml: write [source] as one table')
  # What stands between this table and the next one stays behind the new keys.
  body, tail = table.value.body, []
  while body and body[-1][0] is None:
    tail.insert(0, body.pop())
  for key in [key for key in table if key not in new]:
    del table[key]
  for key, value in new.items():
    if table.get(key) != value:
      table[key] = value
  body += tail
  return document.as_string()
