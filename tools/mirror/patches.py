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

"""The series: patches as git writes them, and as commits that git moves.

`official/patches/NNNN-subject.patch` are what `git format-patch` writes: an
author, a subject, a text that says why, and a diff. The text ends with the two
lines that `git log` knows as trailers:

    Reason: temporary
    Upstream: https://github.com/tensorflow/models/pull/1

In a repository the branch `old` is upstream as the patches are for it, and
`patches` has a commit for each patch on top (`git am`). During an update `new`
is upstream as it will be, and `git rebase` moves `patches` onto it by three-way
merges of whole files. What a conflict is, how it is resolved and what a commit
becomes is git's own affair.
"""

import ast
import hashlib
import io
import os
import pathlib
import re
import tempfile
import tokenize
from typing import Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tools.base import git
from tools.mirror import tree

REASONS = ('temporary', 'environment', 'incompatible')  # See docs/sync.md.
NOT_REPORTED = 'not reported yet'
EDIT, UPDATE = 'old', 'new'  # The branches that patches can be for.
BRANCH = 'patches'
# One line of context: the fewest by which git still knows a wrong place.
_FORMAT = (
    'format-patch --quiet --keep-subject --zero-commit --no-signature'
    ' --no-encode-email-headers --no-stat -M -U1 --binary --full-index'
).split()
_AM = (
    'am --quiet --keep --keep-cr --no-scissors --patch-format=mbox'
    ' --committer-date-is-author-date'
).split()
_DIFF = b'\ndiff --git '
# Of objects, which change with every update; binary files need it.
_INDEX = re.compile(rb'^index .*\n(?!GIT binary patch)', re.MULTILINE)
_NAME = re.compile(r'[0-9]{4}-[\w.-]+\.patch')
_FIELD = re.compile(r'^(\w+): (.*)$', re.MULTILINE)
_FORMS = {
    'Subject': '.+',
    'Reason': '|'.join(REASONS),
    'Upstream': rf'{NOT_REPORTED}|https?://\S+|[\w.-]+/[\w.-]+#\d+',
}
# For git commit, which takes the lines that begin with it out of a message.
_SETTINGS = {
    'commit.cleanup': 'strip',
    'core.commentChar': ';',
    'core.whitespace': '-trailing-space,-space-before-tab',
}
_EXCLUDE = '__pycache__/\n*.pyc\n'


class Patch(NamedTuple):
  """A patch.

  Attributes:
    name: Of its file.
    subject: What it does, in a line.
    reason: A key of `REASONS`.
    upstream: Where upstream was told: a URL, `owner/name#1`, or `NOT_REPORTED`.
    content: All of its file.
  """

  name: str
  subject: str
  reason: str
  upstream: str
  content: bytes


def digests(series: Sequence[Patch]) -> dict[str, str]:
  """Returns the digest of each file of a series."""
  return {p.name: hashlib.sha256(p.content).hexdigest() for p in series}


def check(name: str, fields: Mapping[str, str]) -> None:
  """Refuses a patch that lacks a field, or has a wrong one.

  Args:
    name: Of its file, for the message.
    fields: Subject, Reason and Upstream.

  Raises:
    errors.InputError: The message names the field.
  """
  for key, form in _FORMS.items():
    value = fields.get(key, '')
    if not re.fullmatch(form, value) or not value.isprintable():
      raise errors.InputError(
          f'{name} needs a line "{key}: …" in its text, not {value!r}; see'
          ' docs/sync.md'
      )


def parse(name: str, content: bytes) -> Patch:
  """Reads a patch.

  Args:
    name: Of its file.
    content: All of it.

  Returns:
    The patch.

  Raises:
    errors.InputError: It lacks what a patch has. The message names it.
  """
  if not _NAME.fullmatch(name):
    raise errors.InputError(f'{name}: a patch is named like 0001-name.patch')
  head, diff, _ = content.partition(_DIFF)
  if not diff:
    raise errors.InputError(f'{name} changes nothing: drop it, or its commit')
  text = head.decode(errors='replace').replace('\n ', ' ')  # Unfolds a subject.
  fields = dict(_FIELD.findall(text))
  check(name, fields)
  return Patch(name, *map(fields.get, _FORMS), content)


def load(folder: pathlib.Path) -> list[Patch]:
  """Reads a series.

  Args:
    folder: With its files.

  Returns:
    The patches in their order.

  Raises:
    errors.InputError: A file is no patch, or two have one subject.
  """
  paths = sorted(folder.iterdir()) if folder.is_dir() else []
  try:
    series = [parse(path.name, path.read_bytes()) for path in paths]
  except OSError as error:
    raise errors.InputError(f'cannot read {error.filename}: {error}') from error
  names: dict[str, str] = {}
  for patch in series:
    if patch.name != names.setdefault(patch.subject, patch.name):
      raise errors.InputError(
          f'{names[patch.subject]} and {patch.name} have one subject: change'
          ' one'
      )
  return series


def create(
    folder: pathlib.Path,
    trees: Mapping[str, tree.Tree],
    series: Sequence[Patch],
    *,
    exact: bool = True,
) -> None:
  """Makes the repository.

  Args:
    folder: An empty folder.
    trees: The pristine files by branch: `old`, and maybe `new`.
    series: The patches.
    exact: Whether to refuse patches that git would write otherwise.

  Raises:
    errors.InputError: A patch does not apply, or not at the very lines that it
      names, or git reads its text as something else.
  """
  what = 'making the repository of the patches'
  git.configure(folder)
  for name, value in _SETTINGS.items():
    git.run(folder, 'config', name, value, what=what)
  with open(folder / '.git/info/exclude', 'a', encoding='utf-8') as stream:
    stream.write(_EXCLUDE)
  git.import_trees(folder, trees)
  git.run(folder, 'checkout', '-q', '-B', BRANCH, EDIT, what=what)
  with tempfile.TemporaryDirectory(prefix='series-') as scratch:
    mails = [pathlib.Path(scratch) / patch.name for patch in series]
    for mail, patch in zip(mails, series, strict=True):
      mail.write_bytes(patch.content)
    if mails:
      done = git.run(folder, *_AM, *mails, what=what, ok=(0, 128))
      if done.returncode:
        told = done.stderr.decode(errors='replace')
        at = int((folder / '.git/rebase-apply/next').read_text()) - 1
        wrong = re.findall('^(?:error|fatal): (.*)', told, re.MULTILINE)
        raise errors.InputError(
            f'{series[at].name} does not apply: {"; ".join(wrong[:3]) or told}'
        )
  other = zip(series, read(folder, EDIT), strict=False) if exact else ()
  for patch, written in other:
    if patch != written:
      raise errors.InputError(
          f'{patch.name} applies, but not at the lines that it names, or its'
          ' name or text is not as git writes it: run sync_upstream -- patches'
          ' refresh'
      )


def apply(
    files: tree.Tree, series: Sequence[Patch], *, exact: bool = True
) -> tree.Tree:
  """Applies a series, without fuzz.

  Args:
    files: Upstream's files.
    series: The patches.
    exact: See `create`.

  Returns:
    The patched files.

  Raises:
    errors.InputError: See `create`; or a patch makes what is not safe to write.
  """
  with tempfile.TemporaryDirectory(prefix='patches-') as scratch:
    folder = pathlib.Path(scratch)
    create(folder, {EDIT: files}, series, exact=exact)
    patched = git.read_tree(folder, 'HEAD')
  tree.check(patched, 'the patched tree')
  return patched


def read(folder: pathlib.Path, base: str) -> list[Patch]:
  """Makes a patch of each commit.

  Args:
    folder: Of the repository.
    base: The branch that they are for: `old` or `new`.

  Returns:
    The patches, in the order of the commits.

  Raises:
    errors.InputError: A commit is a merge, is empty, or its message lacks
      something.
  """
  what, spread = f'reading {folder}', f'{base}..HEAD'
  if merge := git.text(folder, 'rev-list', '--merges', spread, what=what):
    raise errors.InputError(
        f'commit {merge[:12]} is a merge: rebase {BRANCH} onto {base}'
    )
  with tempfile.TemporaryDirectory(prefix='series-') as scratch:
    out = pathlib.Path(scratch)
    git.run(folder, *_FORMAT, '-o', out, spread, what=what)
    for path in out.iterdir():
      head, mark, diff = path.read_bytes().partition(_DIFF)
      path.write_bytes(head + mark + _INDEX.sub(b'', diff))
    return load(out)


def status(folder: pathlib.Path) -> list[tuple[str, str]]:
  """Returns the files that are not committed, each with git's two letters."""
  what = f'reading {folder}'
  command = ['status', '--porcelain', '-z', '--no-renames', '-uall']
  lines = git.run(folder, *command, what=what).stdout.split(b'\0')
  return [(os.fsdecode(w[3:]), w[:2].decode()) for w in lines if w]


def rebase(folder: pathlib.Path) -> list[str]:
  """Moves the patches from `old` to `new`; returns the files in conflict."""
  return _settle(folder, 'rebase', '-q', '--onto', UPDATE, EDIT, BRANCH)


def _settle(folder: pathlib.Path, *command: str) -> list[str]:
  """Runs git, and goes on for as long as a conflict is about layout only."""
  what, quiet = 'rebasing the patches', {'GIT_EDITOR': 'true'}
  while True:
    done = git.run(folder, *command, what=what, extra=quiet, ok=(0, 1, 128))
    if not done.returncode:
      return []
    conflicts = [
        n for n, xy in status(folder) if 'U' in xy or xy in ('AA', 'DD')
    ]
    if not conflicts:
      told = (done.stderr or done.stdout).decode(errors='replace').strip()
      raise errors.InputError(f'{what} failed: {errors.one_line(told)}')
    resolved = {name: _same_meaning(folder, name) for name in conflicts}
    if None in resolved.values():
      return conflicts
    for name, content in resolved.items():
      (folder / name).write_bytes(content)
    git.run(folder, 'add', '--', *conflicts, what=what)
    command = ('rebase', '--continue')


def _meaning(source: bytes) -> tuple[str, list[str]]:
  """Returns what is left of Python source without its layout."""
  meant = ast.dump(ast.parse(source))
  tokens = tokenize.tokenize(io.BytesIO(source).readline)
  return meant, [t.string for t in tokens if t.type == tokenize.COMMENT]


def _same_meaning(folder: pathlib.Path, name: str) -> bytes | None:
  """Resolves a conflict of a Python file that is about layout only.

  Upstream often makes the change of a patch too and formats it otherwise. When
  both ways out of the conflict have one syntax tree and the same comments,
  nobody has to choose: upstream's is taken.

  Args:
    folder: Of the repository.
    name: The file.

  Returns:
    Its content; None when somebody has to look.
  """
  what = 'comparing both ways out of a conflict'
  if not name.endswith('.py'):
    return None
  with tempfile.TemporaryDirectory() as scratch:
    place = pathlib.Path(scratch)
    for stage in '213':  # Upstream, the base, the patch.
      blob = ['cat-file', 'blob', f':{stage}:{name}']
      done = git.run(folder, *blob, what=what, ok=(0, 128))
      if done.returncode:  # One side has no such file.
        return None
      (place / stage).write_bytes(done.stdout)
    ways = []
    for way in ('--ours', '--theirs'):
      merge = ['merge-file', '-p', '2', '1', '3', way]
      done = git.run(place, *merge, what=what, ok=(0, 255))
      ways.append(done.stdout)
  try:
    one, other = map(_meaning, ways)
  except (SyntaxError, ValueError, RecursionError, MemoryError):
    return None
  return ways[0] if one == other and ways[0] else None


def resume(folder: pathlib.Path) -> list[str]:
  """Goes on with a rebase after somebody resolved a conflict.

  Args:
    folder: Of the repository.

  Returns:
    The files in conflict, of this patch or the next; none when all went.

  Raises:
    errors.InputError: An edit is not added, or has the marks of the conflict.
  """
  for name, xy in status(folder):
    if xy[1] != ' ':
      raise errors.InputError(
          f'{name} is in conflict or not added: edit it, then git -C {folder}'
          ' add it'
      )
  marks = ['diff', '--cached', '--check']
  done = git.run(folder, *marks, what='looking for marks', ok=(0, 2))
  if done.returncode:
    where = done.stdout.decode(errors='replace').splitlines()[0]
    raise errors.InputError(f'{folder}/{where}: finish what you resolve')
  if not (folder / '.git/rebase-merge').exists():
    return []
  return _settle(folder, 'rebase', '--continue')
