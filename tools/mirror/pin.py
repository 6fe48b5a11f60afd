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
from typing import Any, Mapping, NamedTuple

from tfmot_contrib import errors
from tools.mirror import globs
from tools.mirror import tree

TOOL = 1  # The version of the tool, written into the lock.
KINDS = ('pypi', 'git', 'folder')
_VERSION_KEY = {'pypi': 'version', 'git': 'ref', 'folder': ''}
_PACKAGE = re.compile(r'[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?')
_WORD = {
    'version': re.compile(r'[A-Za-z0-9][A-Za-z0-9._+!-]*'),
    'ref': re.compile(r'[A-Za-z0-9][A-Za-z0-9._/+-]*'),
}
_REPOSITORY = re.compile(r'([\w.-]+/[\w.-]+)?')
_BARE = re.compile(r'[A-Za-z0-9]+')
_STAMP = re.compile(r'((executable|link) )?[0-9a-f]{64}')
_GONE = '-'
_HEX = re.compile(r'[0-9a-f]{40}([0-9a-f]{24})?')

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
    found = {self.kind: self.where}
    if self.kind != 'folder':
      found[_VERSION_KEY[self.kind]] = self.version
    if self.subfolder:
      found['subfolder'] = self.subfolder
    return found


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
    said = json.dumps([self.include, self.exclude, []])
    return hashlib.sha256(said.encode()).hexdigest()


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


def make_source(values: Mapping[str, Any], what: str) -> Source:
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
  kind = kinds[0]
  key = _VERSION_KEY[kind]
  known = {kind, key, 'subfolder'} - ({'subfolder'} if kind == 'pypi' else {''})
  if unknown := sorted(values.keys() - known):
    raise errors.InputError(f'{what} has an unknown key: {unknown[0]}')
  source = Source(
      kind,
      values[kind],
      values.get(key, ''),
      values.get('subfolder', ''),
  )
  if not source.where.isprintable() or source.where[:1] in ('', '-'):
    raise errors.InputError(f'{what}: {kind} = {source.where!r} is no source')
  if kind == 'pypi' and not _PACKAGE.fullmatch(source.where):
    raise errors.InputError(f'{what}: {source.where!r} is no package name')
  if kind != 'folder' and not _WORD[key].fullmatch(source.version):
    raise errors.InputError(
        f'{what}: {key} = {source.version!r} is no {key}: write it in full'
    )
  if source.subfolder:
    tree.check_name(source.subfolder, what)
  return source


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
  known = {'source', 'files', 'repository'}
  if unknown := sorted(values.keys() - known):
    raise errors.InputError(f'{what} has an unknown key: {unknown[0]}')
  chosen = values.get('files')
  if not isinstance(chosen, dict) or chosen.keys() - {'include', 'exclude'}:
    raise errors.InputError(f'{what} needs [files] with include and exclude')
  lists = []
  for key in ('include', 'exclude'):
    found = chosen.get(key, [])
    if not isinstance(found, list) or not all(
        isinstance(glob, str) for glob in found
    ):
      raise errors.InputError(f'{what}: {key} is no list of globs')
    for glob in found:
      globs.compile_glob(glob)
    lists.append(tuple(found))
  if not lists[0]:
    raise errors.InputError(f'{what}: include has no glob')
  repository = values.get('repository', '')
  if not isinstance(repository, str) or not _REPOSITORY.fullmatch(repository):
    raise errors.InputError(f'{what}: repository is no "owner/name"')
  source = make_source(values.get('source', {}), f'[source] of {what}')
  return Pin(source, repository, *lists)


def _stamps(value: Any, what: str) -> tree.Digests:
  """Returns `value` if it is a table of stamps with safe names."""
  value = _texts(value, what)
  tree.check_names(value, what)
  for name, stamp in value.items():
    if not _STAMP.fullmatch(stamp):
      raise errors.InputError(f'{what}: {name} has no sha256 but {stamp!r}')
  return value


def _rows(value: Any, what: str) -> dict[str, str]:
  """Returns what a text with a stamp and a name in each line lists.

  A table of TOML says the same and takes ten times as long to read.

  Args:
    value: The text.
    what: What it is, for the message.

  Returns:
    A stamp by name.

  Raises:
    errors.InputError: It is no text, or a line or name is wrong.
  """
  found: dict[str, str] = {}
  for line in value.split('\n')[:-1] if isinstance(value, str) else ['']:
    stamp, _, name = line.partition('  ')
    if not name or name in found:
      raise errors.InputError(f'{what} has a broken line: {line!r}')
    found[name] = stamp
  return found


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
  mend = 'take it from git, or make it anew: sync_upstream -- --same-version'
  if values.get('tool') != TOOL:
    raise errors.InputError(
        f'{what} is of version {values.get("tool")!r} of the tool, this is'
        f' version {TOOL}: {mend}'
    )
  try:
    said = _texts(values['digests'], f'[digests] of {what}')
    patches = _stamps(values['patches'], f'[patches] of {what}')
    resolved = _texts(values['resolved'], f'[resolved] of {what}')
    listed = _texts(values['files'], f'[files] of {what}')
    pristine = _rows(listed['pristine'], f'pristine of {what}')
    changed = _rows(listed['patched'], f'patched of {what}')
    patched = {**pristine, **changed}
    for name in [name for name, stamp in changed.items() if stamp == _GONE]:
      del patched[name]
    _stamps(pristine, f'pristine of {what}')
    if changed:
      _stamps(patched, f'patched of {what}')
    source = make_source(values['source'], f'[source] of {what}')
    for key, stamps in (('pristine', pristine), ('patched', patched)):
      if tree.digest(stamps) != said[key]:
        raise errors.InputError(
            f'{what} contradicts itself: {key} does not have the digest that'
            f' it names; {mend}'
        )
    selection = said['selection']
  except KeyError as error:
    raise errors.InputError(f'{what} lacks {error}: {mend}') from error
  if source.kind != 'folder':
    key = 'sha256' if source.kind == 'pypi' else 'commit'
    if not _HEX.fullmatch(resolved.get(key, '')):
      raise errors.InputError(f'[resolved] of {what} lacks {key}: {mend}')
  return Lock(source, resolved, selection, patches, pristine, patched)


def _quoted(text: str) -> str:
  """Returns a printable text as TOML has it, which is as JSON has it."""
  return json.dumps(text, ensure_ascii=False)


def lock_text(lock: Lock) -> str:
  """Returns the text of `upstream.lock`."""
  changed = {
      name: lock.patched.get(name, _GONE)
      for name in sorted(lock.pristine.keys() | lock.patched.keys())
      if lock.pristine.get(name) != lock.patched.get(name)
  }
  whole = {
      'selection': lock.selection,
      'pristine': tree.digest(lock.pristine),
      'patched': tree.digest(lock.patched),
  }
  out = [_LOCK_HEADER, f'tool = {TOOL}\n']
  for title, table in (
      ('source', lock.source.table()),
      ('resolved', lock.resolved),
      ('digests', whole),
      ('patches', lock.patches),
  ):
    rows = [
        f'{key if _BARE.fullmatch(key) else _quoted(key)} = {_quoted(value)}\n'
        for key, value in table.items()
    ]
    out.append(f'\n[{title}]\n' + ''.join(rows))
  out.append('\n[files]\n')
  for key, stamps in (('pristine', lock.pristine), ('patched', changed)):
    rows = [f'{stamp}  {name}\n' for name, stamp in stamps.items()]
    out.append(f'{key} = """\n{"".join(rows)}"""\n')
  return ''.join(out)


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
