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

"""The series as a git repository: a commit for each patch, moved by a rebase.

The branch `old` is upstream as the patches are for it, `patches` has a commit
for each patch on top. During an update `new` is upstream as it will be, and git
rebases `patches` onto it by three-way merges of whole files. What a conflict
is, how it is resolved and what a commit becomes is git's own affair.
"""

import ast
import io
import os
import pathlib
import re
import tempfile
import tokenize
from typing import Mapping, Sequence

from tfmot_contrib import errors
from tools.base import git
from tools.mirror import patches
from tools.mirror import tree

BRANCH = 'patches'
# One line of context: the fewest by which git still knows a wrong place.
_DIFF = (
    '-p',
    '-M',
    '-U1',
    '--binary',
    '--full-index',
    '--diff-algorithm=myers',
    '--indent-heuristic',
    '--inter-hunk-context=0',
    '--no-color',
    '--no-ext-diff',
    '--no-textconv',
    '--src-prefix=a/',
    '--dst-prefix=b/',
    '-O' + os.devnull,
)
_TRAILERS = ('Reason', 'Upstream', 'Patch')
_INDEX = re.compile(rb'^index .*\n', re.MULTILINE)
# For git commit, which takes the lines that begin with it out of a message.
_SETTINGS = {
    'commit.cleanup': 'strip',
    'core.commentChar': patches.COMMENT,
    'core.whitespace': '-trailing-space,-space-before-tab',
}
_EXCLUDE = '__pycache__/\n*.pyc\n'


def message(patch: patches.Patch) -> str:
  """Returns the message of the commit that stands for a patch."""
  body = f'{patch.body}\n\n' if patch.body else ''
  values = (patch.reason, patch.upstream, patch.name)
  lines = [f'{t}: {v}\n' for t, v in zip(_TRAILERS, values, strict=True)]
  return f'{patch.subject}\n\n{body}' + ''.join(lines)


def _mail(patch: patches.Patch) -> bytes:
  """Returns a patch as `git am` reads it."""
  # The same time in every clone, so that commits have the same names too.
  head = f'From: {patch.author}\nDate: Sat, 1 Jan 2000 00:00:00 +0000\n'
  text = f'{head}Subject: {message(patch)}---\n'
  return text.encode() + patch.diff


def create(
    folder: pathlib.Path,
    trees: Mapping[str, tree.Tree],
    series: Sequence[patches.Patch],
) -> None:
  """Makes the repository.

  Args:
    folder: An empty folder.
    trees: The pristine files by branch: `old`, and maybe `new`.
    series: The patches.

  Raises:
    errors.InputError: A patch does not apply.
  """
  git.configure(folder)
  for name, value in _SETTINGS.items():
    git.run(folder, 'config', name, value, what='making the repository')
  with open(folder / '.git/info/exclude', 'a', encoding='utf-8') as stream:
    stream.write(_EXCLUDE)
  git.import_trees(folder, trees)
  what = 'making the repository'
  git.run(folder, 'checkout', '-q', '-B', BRANCH, 'old', what=what)
  with tempfile.TemporaryDirectory(prefix='series-') as scratch:
    mails = [pathlib.Path(scratch) / patch.name for patch in series]
    for mail, patch in zip(mails, series, strict=True):
      mail.write_bytes(_mail(patch))
    command = ['am', '-q', '--keep', '--keep-cr', '--no-scissors']
    command += ['--committer-date-is-author-date', '--patch-format=mbox']
    if mails:
      done = git.run(folder, *command, *mails, what=what, ok=(0, 128))
      if done.returncode:
        said = done.stderr.decode(errors='replace')
        wrong = '; '.join(re.findall('^error: (.*)', said, re.MULTILINE)[:3])
        at = int((folder / '.git/rebase-apply/next').read_text()) - 1
        raise errors.InputError(
            f'{series[at].name} does not apply: {wrong or said}'
        )
  form = ['log', '--reverse', '--format=%an <%ae>%n%B%x00', 'old..HEAD']
  kept = git.run(folder, *form, what=what).stdout.decode().split('\0\n')
  for patch, text in zip(series, kept[:-1], strict=True):
    if text != f'{patch.author}\n{message(patch)}':
      raise errors.InputError(
          f'{patch.name}: git reads its author or its text as something else,'
          ' like a header of a mail: write it in other words'
      )


def _tidy(diff: bytes) -> bytes:
  """Takes the line of objects out, except where a binary file needs it."""
  parts = re.split(rb'^(?=diff --git )', diff, flags=re.MULTILINE)[1:]
  return b''.join(
      part
      if re.search(rb'^GIT binary patch$', part, re.MULTILINE)
      else _INDEX.sub(b'', part.split(b'\n@@ ')[0], count=1)
      + part[len(part.split(b'\n@@ ')[0]) :]
      for part in parts
  )


def _patch(
    entry: bytes,
    series: Sequence[patches.Patch],
    found: Sequence[patches.Patch],
) -> patches.Patch:
  """Makes a patch of what `git log` says of a commit.

  Args:
    entry: The commit, its author, message and diff, separated by NUL.
    series: The patches that were there.
    found: Those of the commits before it.

  Returns:
    The patch. A commit that does not say its name has that of its subject.

  Raises:
    errors.InputError: The message lacks Reason or Upstream, or is in another
      form than a patch.
  """
  raw, diff = entry.rsplit(b'\0', 1)
  try:
    commit, author, text = raw.decode().split('\0')
  except UnicodeDecodeError as error:
    raise errors.InputError(
        f'commit {raw[:12].decode()}: its author or message is no UTF-8'
    ) from error
  lines = text.rstrip('\n').split('\n')
  where = f'commit {commit[:12]} ({lines[0]})'
  trailers: dict[str, str] = {}
  while lines and lines[-1].split(': ')[0] in _TRAILERS:
    key, _, value = lines.pop().partition(': ')
    trailers[key] = value
  for key in _TRAILERS[:2]:
    if key not in trailers:
      raise errors.InputError(
          f'{where} needs a line "{key}: …" at the end of its message'
      )
  if not lines or any(lines[1:2]):
    raise errors.InputError(
        f'{where} needs a subject of one line, and an empty line after it'
    )
  taken = {patch.name for patch in found}
  known = [p.name for p in series if p.subject == lines[0]]
  names = [name for name in known if name not in taken]
  names.append(patches.next_name([*series, *found], lines[0]))
  patch = patches.Patch(
      name=trailers.get('Patch') or names[0],
      author=author,
      subject=lines[0],
      reason=trailers['Reason'],
      upstream=trailers['Upstream'],
      body='\n'.join(lines[2:]).strip('\n'),
      diff=_tidy(diff),
  )
  patches.check(patch)
  return patch


def read(
    folder: pathlib.Path, base: str, series: Sequence[patches.Patch] = ()
) -> list[patches.Patch]:
  """Makes a patch of each commit.

  Args:
    folder: Of the repository.
    base: The branch that they are for: `old` or `new`.
    series: The patches that were there, for the number of a new one.

  Returns:
    The patches, in the order of the commits.

  Raises:
    errors.InputError: A commit is a merge, is empty, or its message lacks
      something.
  """
  what = f'reading {folder}'
  spread = f'{base}..HEAD'
  if told := git.text(folder, 'rev-list', '--merges', spread, what=what):
    raise errors.InputError(
        f'commit {told[:12]} is a merge: rebase {BRANCH} onto {base}'
    )
  form = '--format=%x00%x00%x00%H%x00%an <%ae>%x00%B%x00'
  command = ['log', '--reverse', form, *_DIFF, spread]
  out = git.run(folder, *command, what=what).stdout
  found: list[patches.Patch] = []
  for entry in out.split(b'\0\0\0')[1:]:
    patch = _patch(entry, series, found)
    if not patch.diff:
      raise errors.InputError(f'{patch.name} changes nothing: drop its commit')
    found.append(patch)
  numbers = [patch.number for patch in found]
  if numbers != sorted(set(numbers)):  # Somebody changed their order.
    found = [
        patch._replace(name=f'{number:04d}{patch.name[4:]}')
        for number, patch in enumerate(found, 1)
    ]
  return found


def status(folder: pathlib.Path) -> list[tuple[str, str]]:
  """Returns the files that are not committed, each with git's two letters."""
  what = f'reading {folder}'
  command = ['status', '--porcelain', '-z', '--no-renames', '-uall']
  lines = git.run(folder, *command, what=what).stdout.split(b'\0')
  return [(os.fsdecode(w[3:]), w[:2].decode()) for w in lines if w]


def in_conflict(folder: pathlib.Path) -> bool:
  """Tells whether a rebase waits for somebody."""
  return (folder / '.git/rebase-merge').exists()


def rebase(folder: pathlib.Path) -> list[str]:
  """Moves the patches from `old` to `new`.

  Args:
    folder: Of the repository.

  Returns:
    The files in conflict; none when all went.

  Raises:
    errors.InputError: git cannot do it.
  """
  return _settle(folder, 'rebase', '-q', '--onto', 'new', 'old', BRANCH)


def _settle(folder: pathlib.Path, *command: str) -> list[str]:
  """Runs git, and goes on for as long as a conflict is about layout only."""
  what, quiet = 'rebasing the patches', {'GIT_EDITOR': 'true'}
  while True:
    done = git.run(folder, *command, what=what, extra=quiet, ok=(0, 1))
    if not done.returncode:
      return []
    conflicts = [
        n for n, xy in status(folder) if 'U' in xy or xy in ('AA', 'DD')
    ]
    resolved = {name: _same_meaning(folder, name) for name in conflicts}
    if not conflicts:
      said = (done.stderr or done.stdout).decode(errors='replace').strip()
      raise errors.InputError(f'{what} failed: {said.splitlines()[-1]}')
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
  what, ways = 'comparing both ways out of a conflict', []
  if not name.endswith('.py'):
    return None
  with tempfile.TemporaryDirectory() as scratch:
    place = pathlib.Path(scratch)
    for stage in '213':  # Upstream, the base, the patch.
      blob = ['cat-file', 'blob', f':{stage}:{name}']
      done = git.run(folder, *blob, what=what, ok=(0, 128))
      if done.returncode:
        return None
      (place / stage).write_bytes(done.stdout)
    for way in ('--ours', '--theirs'):
      command = ['merge-file', '-p', '2', '1', '3', way]
      done = git.run(place, *command, what=what, ok=(0, 255))
      if done.returncode:  # It is binary.
        return None
      ways.append(done.stdout)
  try:
    one, other = map(_meaning, ways)
  except (SyntaxError, ValueError, RecursionError, MemoryError):
    return None
  return ways[0] if one == other else None


def resume(folder: pathlib.Path) -> list[str]:
  """Goes on with a rebase after somebody resolved a conflict.

  Args:
    folder: Of the repository.

  Returns:
    The files in conflict of the next patch; none when all went.

  Raises:
    errors.InputError: A file is still in conflict, is not added, or has the
      marks of the conflict.
  """
  for name, xy in status(folder):
    if 'U' in xy or xy in ('AA', 'DD'):
      raise errors.InputError(
          f'{name} is still in conflict: edit it, then git -C {folder} add it'
      )
    if xy[1] != ' ':
      raise errors.InputError(
          f'{name} is not added: git -C {folder} add it, or undo it'
      )
  marks = ['diff', '--cached', '--check']
  done = git.run(folder, *marks, what='looking for marks', ok=(0, 2))
  if done.returncode:
    where = done.stdout.decode(errors='replace').splitlines()[0]
    raise errors.InputError(f'{folder}/{where}: finish what you resolve')
  if not in_conflict(folder):
    return []
  return _settle(folder, 'rebase', '--continue')
