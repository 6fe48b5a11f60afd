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

"""The fork's patches: text files with an author, a reason and a link.

`official/patches/NNNN-name.patch` are applied to upstream's files in their
order. A patch is a header of four fields, a text, and a diff:

    From: Somebody <somebody@tfmot-models.example>
    Subject: vision: one line that says what it does
    Reason: temporary
    Upstream: https://github.com/tensorflow/models/pull/1

    Why it is needed.

    ---
    diff --git a/official/vision/train.py b/official/vision/train.py
    …

This module reads and writes that text, byte for byte, and applies a series.
`tools.mirror.series` makes commits of patches and patches of commits by git.
"""

import hashlib
import pathlib
import re
import subprocess
import tempfile
from typing import Iterable, NamedTuple, Sequence

from tfmot_contrib import errors
from tools.base import git
from tools.mirror import tree

REASONS = {
    'temporary': 'until upstream has it',
    'environment': 'upstream runs where we do not',
    'incompatible': 'upstream does not want it',
}
NOT_REPORTED = 'not reported yet'
FIELDS = ('From', 'Subject', 'Reason', 'Upstream')
_NAME = re.compile(r'([0-9]{4})-[a-z0-9]+(?:[.-][a-z0-9]+)*\.patch')
# As git keeps it in a commit, and takes it out of a mail.
_AUTHOR = re.compile(
    r'[^\s<>@"\'\\().,:;]([^<>@"\\()]*[^\s<>@"\'\\().,:;])? <[^<>\s]+@[^<>\s]+>'
)
_LINK = re.compile(r'https?://\S+|[\w.-]+/[\w.-]+#\d+')
_DIFF = 'diff --git '
COMMENT = ';'  # What begins a comment in the message of a commit.
_TOUCHED = re.compile(
    r'diff --git a/(?P<same>.+) b/(?P=same)|(?:---|\+\+\+) [ab]/([^\t]+)\t?'
    r'|(?:rename|copy) (?:from|to) (.+)'
)


class Patch(NamedTuple):
  """A patch.

  Attributes:
    name: Of its file.
    author: `Name <address>`.
    subject: What it does, in a line.
    reason: A key of `REASONS`.
    upstream: Where upstream was told: a URL, `owner/name#1`, or `NOT_REPORTED`.
    body: Why, in as many lines as it takes.
    diff: What it changes, as git writes it with one line of context.
  """

  name: str
  author: str
  subject: str
  reason: str
  upstream: str
  body: str
  diff: bytes

  @property
  def number(self) -> int:
    """Its place in the series."""
    return int(self.name[:4])

  @property
  def sha256(self) -> str:
    """The digest of its file."""
    return hashlib.sha256(format_patch(self)).hexdigest()


def _is_line(text: str) -> bool:
  """Tells whether a text is one line as git keeps it."""
  return bool(text) and ' '.join(text.split()) == text


def check(patch: Patch) -> None:
  """Refuses a patch with a field that is missing or badly formed.

  Args:
    patch: The patch.

  Raises:
    errors.InputError: The message names the patch and the field.
  """
  name = patch.name
  if not _NAME.fullmatch(name):
    raise errors.InputError(
        f'{name}: a patch is named like 0001-short-name.patch'
    )
  author = patch.author
  if not (
      author.isprintable() and _is_line(author) and _AUTHOR.fullmatch(author)
  ):
    raise errors.InputError(f'{name}: From is no "Name <address>"')
  if not patch.subject.isprintable() or not _is_line(patch.subject):
    raise errors.InputError(f'{name}: Subject is not one line of text')
  if patch.reason not in REASONS:
    raise errors.InputError(
        f'{name}: Reason is {patch.reason!r}, not one of {", ".join(REASONS)}'
    )
  if patch.upstream != NOT_REPORTED and not (
      patch.upstream.isprintable() and _LINK.fullmatch(patch.upstream)
  ):
    raise errors.InputError(
        f'{name}: Upstream is no link; write {NOT_REPORTED!r} or a URL'
    )
  if tidy_body(patch.body) != patch.body or any(
      line == '---' or line.startswith((_DIFF, COMMENT))
      for line in patch.body.split('\n')
  ):
    raise errors.InputError(
        f'{name}: the text has spaces at its ends, control characters, or a'
        ' line that begins a diff'
    )


def tidy_body(text: str) -> str:
  """Returns a text as git keeps it in the message of a commit."""
  text = re.sub(r'[^\n\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]', ' ', text)
  lines = '\n'.join(line.rstrip(' ') for line in text.split('\n'))
  return re.sub(r'\n{3,}', '\n\n', lines).strip('\n')


def format_patch(patch: Patch) -> bytes:
  """Returns the text of a patch."""
  values = (patch.author, patch.subject, patch.reason, patch.upstream)
  head = ''.join(f'{f}: {v}\n' for f, v in zip(FIELDS, values, strict=True))
  body = f'{patch.body}\n\n' if patch.body else ''
  return f'{head}\n{body}---\n'.encode() + patch.diff


def parse(name: str, content: bytes) -> Patch:
  """Reads the text of a patch.

  Args:
    name: Of its file.
    content: Its text.

  Returns:
    The patch. `format_patch` makes the same bytes of it.

  Raises:
    errors.InputError: It is not in the form that the module describes.
  """
  head, mark, diff = content.partition(b'\n---\n')
  if not mark or not diff.startswith(_DIFF.encode()):
    raise errors.InputError(
        f'{name}: after the text there has to be a line ---, and then a diff'
        ' by git'
    )
  try:
    lines = head.decode().split('\n')
  except UnicodeDecodeError as error:
    raise errors.InputError(f'{name}: the header is no UTF-8') from error
  values = []
  for number, field in enumerate(FIELDS):
    line = lines[number] if number < len(lines) else ''
    if not line.startswith(f'{field}: '):
      raise errors.InputError(
          f'{name}: line {number + 1} has to be "{field}: …"'
      )
    values.append(line.removeprefix(f'{field}: '))
  body = '\n'.join(lines[len(FIELDS) + 1 :]).removesuffix('\n')
  patch = Patch(name, *values, body, diff)
  if format_patch(patch) != content:
    raise errors.InputError(
        f'{name}: an empty line has to stand after the header and before ---'
    )
  check(patch)
  return patch


def load(official: pathlib.Path) -> list[Patch]:
  """Reads the series.

  Args:
    official: The folder with `patches/`.

  Returns:
    The patches in their order.

  Raises:
    errors.InputError: A file is no patch, or a number is there twice.
  """
  found: list[Patch] = []
  folder = official / 'patches'
  for path in sorted(folder.iterdir()) if folder.is_dir() else []:
    try:
      patch = parse(path.name, path.read_bytes())
    except OSError as error:
      raise errors.InputError(f'cannot read {path.name}: {error}') from error
    if found and found[-1].number == patch.number:
      raise errors.InputError(
          f'{found[-1].name} and {patch.name} have one number: rename one'
      )
    found.append(patch)
  return found


def files(patch: Patch) -> list[str]:
  """Returns the paths that a patch touches, as far as its text shows them."""
  found = set()
  for line in patch.diff.decode(errors='replace').split('\n'):
    match = _TOUCHED.fullmatch(line)
    found |= set(match.groups()) if match else set()
  return sorted(found - {None})


def check_applied(patch: Patch, done: subprocess.CompletedProcess) -> None:
  """Refuses a patch that did not apply, or not at the very lines it names.

  Args:
    patch: The patch.
    done: `git apply --verbose` of it.

  Raises:
    errors.InputError: The message names the file.
  """
  said = done.stderr.decode(errors='replace')
  if done.returncode:
    wrong = re.findall('^error: (?!while searching)(.*)', said, re.MULTILINE)
    told = '; '.join(wrong[:3])
    raise errors.InputError(f'{patch.name} does not apply: {told or said}')
  if re.search(r'^Hunk #\d+ succeeded at ', said, re.MULTILINE):
    raise errors.InputError(
        f'{patch.name} applies, but not at the lines that it names: run'
        ' sync_upstream -- patches refresh'
    )


def apply(files_: tree.Tree, series: Sequence[Patch]) -> tree.Tree:
  """Applies patches in their order, without fuzz and at their very lines.

  Args:
    files_: The tree.
    series: The patches.

  Returns:
    The patched tree.

  Raises:
    errors.InputError: One does not apply, or makes what is not safe to write.
  """
  touched = {name for patch in series for name in files(patch)}
  with tempfile.TemporaryDirectory(prefix='patches-') as scratch:
    folder = pathlib.Path(scratch) / 'tree'
    folder.mkdir()
    tree.write({n: e for n, e in files_.items() if n in touched}, folder)
    for patch in series:
      check_applied(patch, run_apply(folder, patch, '--verbose'))
    patched = {n: e for n, e in files_.items() if n not in touched}
    for name in tree.files(folder):
      if name in patched:
        raise errors.InputError(
            f'a patch makes {name} and its text does not say so: write the diff'
            ' with git'
        )
      patched[name] = tree.read_entry(folder / name)
  tree.check(patched, 'the patched tree')
  return patched


def run_apply(
    folder: pathlib.Path, patch: Patch, *flags: str
) -> subprocess.CompletedProcess:
  """Runs `git apply` in a folder, whatever comes of it."""
  return git.run(
      folder,
      'apply',
      '--whitespace=nowarn',
      *flags,
      what=f'applying {patch.name}',
      stdin=patch.diff,
      ok=tuple(range(256)),
  )


def slug(subject: str) -> str:
  """Returns the words of a subject that make the name of a file."""
  words = re.sub(r'[^a-z0-9]+', '-', subject.lower()).strip('-')
  return words[:48].strip('-') or 'patch'


def next_name(series: Iterable[Patch], subject: str) -> str:
  """Returns the name of a new patch at the end of a series."""
  number = max((patch.number for patch in series), default=0) + 1
  return f'{number:04d}-{slug(subject)}.patch'
