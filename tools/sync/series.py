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

"""Patches as commits: made, rebased by a three-way merge, and made again.

A workshop is a scratch repository with upstream's old files as one commit, a
commit for each patch on top, and upstream's new files as another. Moving a
patch to the new files is a real merge of whole files, so context lines are for
reading only. Nothing is checked out until a person has to look.
"""

import ast
import io
import os
import pathlib
import re
import tempfile
import tokenize
from typing import NamedTuple, Sequence

from tfmot_contrib import errors
from tools.base import git
from tools.sync import patches
from tools.sync import tree

CLEAN, REBASED = 'clean', 'rebased'
ABSORBED, CONFLICT = 'absorbed', 'conflict'
_DIFF = (
    'diff-tree',
    '-p',
    '-r',
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
_MARKER = re.compile(rb'^(<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|)', re.MULTILINE)


class Verdict(NamedTuple):
  """What became of a patch.

  Attributes:
    name: Of its file.
    subject: What it does.
    verdict: `CLEAN`, `REBASED`, `ABSORBED` or `CONFLICT`.
    note: What else there is to say.
  """

  name: str
  subject: str
  verdict: str
  note: str = ''


class Picked(NamedTuple):
  """What became of a commit that stands for a patch.

  Attributes:
    commit: It, on the old files.
    new: The one in its place on the new files; '' when that is empty.
    note: For the verdict.
  """

  commit: str
  new: str
  note: str = ''


def _message(patch: patches.Patch) -> str:
  """Returns the message of the commit that stands for a patch."""
  body = f'{patch.body}\n\n' if patch.body else ''
  values = (patch.reason, patch.upstream, patch.name)
  lines = [f'{t}: {v}\n' for t, v in zip(_TRAILERS, values, strict=True)]
  return f'{patch.subject}\n\n{body}' + ''.join(lines)


def _commit(
    folder: pathlib.Path, tree_id: str, parent: str, patch: patches.Patch
) -> str:
  """Writes a commit as it is; `git commit-tree` would tidy its author."""
  raw = (
      f'tree {tree_id}\nparent {parent}\nauthor {patch.author} 0 +0000\n'
      'committer sync_upstream <sync@tfmot-models.example> 0 +0000\n\n'
  )
  done = git.run(
      folder,
      'hash-object',
      '-t',
      'commit',
      '-w',
      '--stdin',
      what=f'making a commit of {patch.name}',
      stdin=(raw + _message(patch)).encode(),
  )
  return done.stdout.decode().strip()


def diff(folder: pathlib.Path, old: str, new: str) -> bytes:
  """Returns the difference of two commits as a patch has it.

  Args:
    folder: Of the repository.
    old: A commit or tree.
    new: Another.

  Returns:
    The diff, with one line of context. Only a binary file has its line of
    objects, because git wants it there.
  """
  what = 'comparing two trees'
  out = git.run(folder, *_DIFF, old, new, what=what).stdout
  parts = re.split(rb'^(?=diff --git )', out, flags=re.MULTILINE)[1:]
  index = re.compile(rb'^index .*\n', re.MULTILINE)
  return b''.join(
      part
      if re.search(rb'^GIT binary patch$', part, re.MULTILINE)
      else index.sub(b'', part, count=1)
      if index.search(part.split(b'\n@@ ')[0])
      else part
      for part in parts
  )


def start(
    folder: pathlib.Path,
    trees: dict[str, tree.Tree],
    series: Sequence[patches.Patch],
    *,
    exact: bool = True,
) -> list[str]:
  """Makes a workshop.

  Args:
    folder: An empty folder.
    trees: The pristine files by branch: `old`, which the patches are for, and
      whatever else.
    series: The patches.
    exact: Whether a patch has to apply at the very lines that it names.

  Returns:
    The commit of each patch, one on top of another.

  Raises:
    errors.InputError: A patch does not apply.
  """
  git.configure(folder)
  git.import_trees(folder, trees)
  index = {'GIT_INDEX_FILE': str(folder.absolute() / '.git/patches.index')}
  what = 'applying the patches'
  git.run(folder, 'read-tree', 'old', what=what, extra=index)
  head, commits = git.text(folder, 'rev-parse', 'old', what=what), []
  for patch in series:
    done = git.run(
        folder,
        'apply',
        '--cached',
        '--whitespace=nowarn',
        '--verbose',
        what=what,
        stdin=patch.diff,
        extra=index,
        ok=tuple(range(256)),
    )
    if exact or done.returncode:
      patches.check_applied(patch, done)
    written = git.run(folder, 'write-tree', what=what, extra=index)
    head = _commit(folder, written.stdout.decode().strip(), head, patch)
    commits.append(head)
  return commits


def patch_of(
    folder: pathlib.Path, commit: str, name: str = ''
) -> patches.Patch:
  """Makes a patch of a commit.

  Args:
    folder: Of the repository.
    commit: The commit.
    name: Of the file, where the commit does not say.

  Returns:
    The patch.

  Raises:
    errors.InputError: The message lacks Reason or Upstream, or is in another
      form than a patch, or the commit is a merge.
  """
  form = '--format=%an <%ae>%x00%P%x00%B'
  what = f'reading commit {commit[:12]}'
  # Not git.text: spaces at the end of the message belong to it.
  out = git.run(folder, 'log', '-1', form, commit, what=what).stdout
  try:
    fields = out.decode().removesuffix('\n').split('\0', 2)
  except UnicodeDecodeError as error:
    raise errors.InputError(
        f'commit {commit[:12]}: its author or message is no UTF-8'
    ) from error
  author, parents, message = fields
  lines = message.removesuffix('\n').split('\n')
  found: dict[str, str] = {}
  while lines and lines[-1].split(': ')[0] in _TRAILERS:
    key, _, value = lines.pop().partition(': ')
    found[key] = value
  for key in _TRAILERS[:2]:
    if key not in found:
      raise errors.InputError(
          f'commit {commit[:12]} ({lines[0] if lines else ""}) needs a line'
          f' "{key}: …" at the end of its message'
      )
  if not lines or any(lines[1:2]):
    raise errors.InputError(
        f'commit {commit[:12]} ({lines[0] if lines else ""}) needs a subject of'
        ' one line, and an empty line after it'
    )
  if ' ' in parents:
    raise errors.InputError(
        f'commit {commit[:12]} is a merge: make it one line'
    )
  patch = patches.Patch(
      name=found.get('Patch', name),
      author=author,
      subject=lines[0],
      reason=found['Reason'],
      upstream=found['Upstream'],
      body='\n'.join(lines[2:]).removesuffix('\n'),
      diff=diff(folder, parents, commit),
  )
  patches.check(patch)
  return patch


def merge(
    folder: pathlib.Path, head: str, commit: str
) -> tuple[str, list[str]]:
  """Merges what a commit changes into other files.

  Args:
    folder: Of the repository.
    head: The commit with the other files.
    commit: The commit whose change is wanted there.

  Returns:
    The merged tree, and the files in conflict.

  Raises:
    errors.InputError: git cannot do it.
  """
  what = 'merging a patch'
  # A commit with the files of `head` and the parent of `commit`, so that the
  # merge has the base it needs. git 2.40 can be told instead.
  ours = git.text(
      folder,
      'commit-tree',
      f'{head}^{{tree}}',
      '-p',
      f'{commit}^',
      '-m',
      'ours',
      what=what,
  )
  done = git.run(
      folder,
      'merge-tree',
      '--write-tree',
      '--name-only',
      '--no-messages',
      '-z',
      ours,
      commit,
      what=what,
      ok=(0, 1),
  )
  merged, *names = done.stdout.decode().rstrip('\0').split('\0')
  return merged, sorted(set(filter(None, names)))


def _blob(folder: pathlib.Path, revision: str, name: str) -> bytes | None:
  """Returns a file of a commit, or None."""
  what = f'reading {name}'
  done = git.run(
      folder, 'cat-file', 'blob', f'{revision}:{name}', what=what, ok=(0, 128)
  )
  return None if done.returncode else done.stdout


def _meaning(source: bytes) -> tuple[str, list[str]]:
  """Returns what is left of Python source without its layout."""
  meant = ast.dump(ast.parse(source))
  tokens = tokenize.tokenize(io.BytesIO(source).readline)
  return meant, [t.string for t in tokens if t.type == tokenize.COMMENT]


def same_meaning(
    folder: pathlib.Path,
    head: str,
    commit: str,
    merged: str,
    conflicts: Sequence[str],
) -> str:
  """Resolves conflicts of Python files that are about layout only.

  Upstream often makes the change of a patch too and formats it otherwise. When
  both ways out of the conflict have one syntax tree and the same comments,
  nobody has to choose: upstream's is taken.

  Args:
    folder: Of the workshop.
    head: The commit with upstream's files.
    commit: That of the patch.
    merged: The merged tree, with marks of the conflict.
    conflicts: The files that have them.

  Returns:
    The merged tree without them, or '' when a file needs a person.
  """
  what = 'comparing both ways out of a conflict'
  rows = []
  with tempfile.TemporaryDirectory() as scratch:
    place = pathlib.Path(scratch)
    for name in conflicts:
      sides = {'ours': head, 'base': f'{commit}^', 'theirs': commit}
      for side, revision in sides.items():
        content = _blob(folder, revision, name)
        if content is None or not name.endswith('.py'):
          return ''
        (place / side).write_bytes(content)
      command, ways = ['merge-file', '-p', *sides], []
      for way in ('--ours', '--theirs'):
        done = git.run(place, *command, way, what=what, ok=(0, 255))
        if done.returncode:  # It is binary.
          return ''
        ways.append(done.stdout)
      try:
        one, other = (_meaning(way) for way in ways)
      except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ''
      if one != other:
        return ''
      done = git.run(
          folder, 'hash-object', '-w', '--stdin', what=what, stdin=ways[0]
      )
      # The patch may have changed the mode too, and that did not conflict.
      mode = git.text(folder, 'ls-tree', merged, '--', name, what=what)[:6]
      rows.append(f'{mode} {done.stdout.decode().strip()}\t{name}\n')
    index = {'GIT_INDEX_FILE': str(place / 'index')}
    git.run(folder, 'read-tree', merged, what=what, extra=index)
    git.run(
        folder,
        'update-index',
        '--index-info',
        what=what,
        stdin=''.join(rows).encode(),
        extra=index,
    )
    done = git.run(folder, 'write-tree', what=what, extra=index)
    return done.stdout.decode().strip()


def rebase(
    folder: pathlib.Path,
    commits: Sequence[str],
    head: str,
    picked: Sequence[Picked],
) -> tuple[str, list[Picked], list[str]]:
  """Moves patches to new files, until one conflicts.

  Args:
    folder: Of the workshop.
    commits: Those of the patches.
    head: The commit with the new files and the patches picked so far.
    picked: What became of those.

  Returns:
    The commit with all patches that went, what became of them, and the files in
    conflict of the next one.
  """
  picked = list(picked)
  for commit in commits[len(picked) :]:
    merged, conflicts = merge(folder, head, commit)
    note = ''
    if conflicts:
      merged = same_meaning(folder, head, commit, merged, conflicts)
      if not merged:
        return head, picked, conflicts
      note = 'where only the layout differs, upstream is kept'
    head, new = add(folder, head, commit, merged)
    picked.append(Picked(commit, new, note if new else 'upstream has it'))
  return head, picked, []


def add(
    folder: pathlib.Path, head: str, commit: str, tree_id: str
) -> tuple[str, str]:
  """Puts a merged patch on top, unless it changes nothing.

  Args:
    folder: Of the workshop.
    head: The commit to put it on.
    commit: The patch as it was.
    tree_id: The files with it.

  Returns:
    The new head, and the commit of the patch or ''.
  """
  what = 'adding a patch'
  if git.text(folder, 'rev-parse', f'{head}^{{tree}}', what=what) == tree_id:
    return head, ''
  new = _commit(folder, tree_id, head, patch_of(folder, commit))
  return new, new


def check_out_conflict(folder: pathlib.Path, head: str, commit: str) -> None:
  """Lays out the files with the marks of the conflict for a person."""
  what = 'laying out the conflict'
  git.run(folder, 'checkout', '-q', '--detach', '--force', head, what=what)
  git.run(folder, 'cherry-pick', '--no-commit', commit, what=what, ok=(0, 1))


def resolved_tree(folder: pathlib.Path) -> str:
  """Returns the tree that a person made of a conflict.

  Args:
    folder: Of the workshop.

  Returns:
    The tree.

  Raises:
    errors.InputError: A file is still in conflict or has its marks.
  """
  what = 'reading what you resolved'
  diff_names = ['diff', '--name-only', '-z']
  new = ['ls-files', '-z', '--others', '--exclude-standard']
  for wrong, *command in (
      ('is still in conflict: edit it, then', *diff_names, '--diff-filter=U'),
      ('was edited and not added:', *diff_names),
      ('is new and not added: delete it, or', *new),
  ):
    names = git.text(folder, *command, what=what).split('\0')
    for name in filter(None, names):
      raise errors.InputError(f'{name} {wrong} git -C {folder} add it')
  changed = git.text(folder, *diff_names, '--cached', 'HEAD', what=what)
  for name in filter(None, changed.split('\0')):
    path = folder / name
    if path.is_file() and _MARKER.search(path.read_bytes()):
      raise errors.InputError(f'{path} still has the marks of the conflict')
  return git.text(folder, 'write-tree', what=what)


def verdicts(
    folder: pathlib.Path,
    series: Sequence[patches.Patch],
    picked: Sequence[Picked],
) -> tuple[list[patches.Patch], list[Verdict]]:
  """Makes patches of what was picked, and says what became of each.

  Args:
    folder: Of the workshop.
    series: The patches as they were.
    picked: What became of each.

  Returns:
    The new series and the verdicts.
  """
  kept, said = [], []
  for patch, (_, new, note) in zip(series, picked, strict=True):
    if not new:
      said.append(Verdict(patch.name, patch.subject, ABSORBED, note))
      continue
    moved = patch_of(folder, new)
    verdict = CLEAN if moved == patch else REBASED
    kept.append(moved)
    said.append(Verdict(patch.name, patch.subject, verdict, note))
  return kept, said
