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

"""Trees of files: names that are safe, digests, and what differs.

A tree is what flows through the sync, from a source over the patches to the
mirror: a dict from upstream's path, such as `official/vision/train.py`, to an
`Entry`. Whatever it came from, it passes `check` before it reaches a disk.
"""

import hashlib
import os
import pathlib
import posixpath
import re
import stat
from typing import Iterable, Mapping
import unicodedata

from tfmot_contrib import errors
from tools.base import git

FILE, EXECUTABLE, LINK = git.FILE, git.EXECUTABLE, git.LINK
# Names that `check_name` need not look at: most, and it is slow.
_PLAIN = re.compile(r'(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}(?:/(?!$)|$)){1,15}')
_WORDS = {FILE: '', EXECUTABLE: 'executable ', LINK: 'link '}
_MAX_NAME = 255  # Bytes of a part of a path, on every usual file system.
_MAX_PATH = 1024  # Bytes of a path, so that it fits below any folder.

Entry = git.Entry
Tree = git.Tree
Digests = dict[str, str]


def stamp(entry: Entry) -> str:
  """Returns the sha256 of an entry, after a word for an unusual mode."""
  return _WORDS[entry.mode] + hashlib.sha256(entry.data).hexdigest()


def digests(tree: Mapping[str, Entry]) -> Digests:
  """Returns the stamp of each file, in the order of the names."""
  return {name: stamp(tree[name]) for name in sorted(tree)}


def digest(stamps: Mapping[str, str]) -> str:
  """Returns one sha256 for the names and stamps of a tree."""
  lines = ''.join(f'{name}\0{stamps[name]}\n' for name in sorted(stamps))
  return hashlib.sha256(lines.encode()).hexdigest()


def check_name(name: str, where: str) -> None:
  """Refuses a name that could land outside its tree, or on another name.

  Args:
    name: A path in a tree.
    where: What it came from, for the message.

  Raises:
    errors.InputError: It is absolute, has `..`, `.`, an empty part, `.git`, a
      backslash, a quote, a drive or a control character, or it is too long.
  """
  shown = ascii(name)
  if not name or name.startswith('/') or name[1:2] == ':':
    raise errors.InputError(f'{where}: the path {shown} is absolute or empty')
  if set(name) & set('\\"') or not name.isprintable():
    raise errors.InputError(
        f'{where}: the path {shown} has a backslash, a quote or a control'
        ' character'
    )
  for part in name.split('/'):
    if part in ('', '.', '..') or part.casefold() == '.git':
      raise errors.InputError(
          f'{where}: the path {shown} leaves the tree or hides in it'
      )
    if len(part.encode()) > _MAX_NAME:
      raise errors.InputError(f'{where}: a part of {shown[:60]}… is too long')
  if len(name.encode()) > _MAX_PATH:
    raise errors.InputError(f'{where}: the path {shown[:60]}… is too long')


def _fold(path: str) -> str:
  """Returns what is equal for paths that differ in case or accents' form."""
  if path.isascii():
    return path.lower()
  path = unicodedata.normalize('NFD', path).casefold()
  return unicodedata.normalize('NFD', path)


def check_names(names: Iterable[str], where: str) -> None:
  """Refuses names that are unsafe alone, or clash with one another.

  Args:
    names: The paths of a tree.
    where: What they came from, for the message.

  Raises:
    errors.InputError: See `check_name`; or two names are one on a file system
      that folds case, or one is a file and a folder.
  """
  seen: dict[str, str] = {}
  files, folders = set(names), {''}
  for name in sorted(files):
    if not _PLAIN.fullmatch(name):
      check_name(name, where)
    path = name
    while path not in folders:
      other = seen.setdefault(_fold(path), path)
      if other != path:
        raise errors.InputError(
            f'{where}: {ascii(other)} and {ascii(path)} are one name where case'
            ' does not count'
        )
      if path != name:
        folders.add(path)
      path = posixpath.dirname(path)
  if both := sorted(files & folders):
    raise errors.InputError(
        f'{where}: {ascii(both[0])} is both a file and a folder'
    )


def _end_of_link(
    name: str, tree: Mapping[str, Entry], folders: set[str]
) -> str | None:
  """Follows a link as the kernel would, one part of its path after another.

  Args:
    name: Of the link.
    tree: The tree that it is in.
    folders: All folders of the tree.

  Returns:
    The file or folder it ends at; None when it leaves the tree, goes through
    another link, leads in a ring or points at nothing.
  """
  seen = set()
  while name in tree and tree[name].mode == LINK:
    to = tree[name].data.decode(errors='surrogateescape')
    if name in seen or not to or to.startswith('/'):
      return None
    seen.add(name)
    at = name.split('/')[:-1]
    for part in to.split('/'):
      if '/'.join(at) not in folders or part == '..' and not at:
        return None
      if part == '..':
        at.pop()
      elif part not in ('', '.'):
        at.append(part)
    name = '/'.join(at)
  return name if name in tree or name in folders else None


def check(tree: Mapping[str, Entry], where: str) -> None:
  """Refuses a tree that is not safe to write.

  Args:
    tree: The tree.
    where: What it came from, for the message.

  Raises:
    errors.InputError: See `check_names`; or a link leaves the tree, points at
      nothing, or goes from one package to another.
  """
  check_names(tree, where)
  folders: set[str] = set()
  for name in tree:
    while name and (name := posixpath.dirname(name)) not in folders:
      folders.add(name)
  for name, entry in tree.items():
    if entry.mode == LINK:
      end = _end_of_link(name, tree, folders)
      if end is None:
        to = ascii(entry.data.decode(errors='surrogateescape'))
        raise errors.InputError(
            f'{where}: the link {name} points to {to}, which is not in the tree'
        )
      if end.split('/')[0] != name.split('/')[0]:
        raise errors.InputError(
            f'{where}: the link {name} goes from one package to another'
        )


def write(tree: Mapping[str, Entry], folder: pathlib.Path) -> None:
  """Writes a tree that `check` has seen into an empty folder."""
  made = set()
  for name, entry in tree.items():
    path = f'{folder}/{name}'
    parent = posixpath.dirname(path)
    if parent not in made:
      os.makedirs(parent, exist_ok=True)
      made.add(parent)
    if entry.mode == LINK:
      os.symlink(entry.data, path)
      continue
    with open(path, 'xb') as stream:
      stream.write(entry.data)
    os.chmod(path, 0o755 if entry.mode == EXECUTABLE else 0o644)


def files(folder: pathlib.Path, skip: Iterable[str] = ()) -> list[str]:
  """Lists what is not a folder below `folder`, without following links.

  Args:
    folder: Where to look.
    skip: Names at the top to leave out.

  Returns:
    Paths relative to it, sorted.

  Raises:
    errors.InputError: A folder cannot be read.
  """
  skip = set(skip)
  found, stack = [], ['']
  while stack:
    at = stack.pop()
    try:
      entries = list(os.scandir(os.path.join(folder, at)))
    except OSError as error:
      raise errors.InputError(f'cannot read {folder / at}: {error}') from error
    for entry in entries:
      name = f'{at}/{entry.name}' if at else entry.name
      if at or entry.name not in skip:
        is_folder = entry.is_dir(follow_symlinks=False)
        (stack if is_folder else found).append(name)
  return sorted(found)


def read_entry(path: str | os.PathLike[str]) -> Entry:
  """Reads one file or link.

  Args:
    path: Where it is.

  Returns:
    What it is. The executable bit is its owner's.

  Raises:
    errors.InputError: It is a device, socket or pipe, or cannot be read.
  """
  try:
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
      return Entry(LINK, os.fsencode(os.readlink(path)))
    if not stat.S_ISREG(mode):
      raise errors.InputError(f'{path} is no file: take it away')
    with open(path, 'rb', buffering=0) as stream:
      data = stream.readall()
  except OSError as error:
    raise errors.InputError(f'cannot read {path}: {error}') from error
  return Entry(EXECUTABLE if mode & stat.S_IXUSR else FILE, data)


def is_byte_code(name: str) -> bool:
  """Tells whether Python made a file by importing another."""
  return name.endswith('.pyc') or '__pycache__' in name.split('/')[:-1]


def read(folder: pathlib.Path, skip: Iterable[str] = ()) -> Tree:
  """Reads the files below a folder, without byte code.

  Args:
    folder: Where they are.
    skip: Names at the top to leave out.

  Returns:
    The tree.

  Raises:
    errors.InputError: One cannot be read.
  """
  names = (name for name in files(folder, skip) if not is_byte_code(name))
  return {name: read_entry(f'{folder}/{name}') for name in names}


def compare(stamps: Mapping[str, str], found: Mapping[str, Entry]) -> str:
  """Compares a tree with the stamps that it should have.

  Args:
    stamps: The stamp of each file.
    found: The tree.

  Returns:
    What differs, in a line for each file; '' when nothing does.
  """
  have = digests(found)
  lines = []
  for name in sorted(stamps.keys() | have.keys()):
    if stamps.get(name) != have.get(name):
      word = 'modified'
      if name not in have:
        word = 'missing'
      elif name not in stamps:
        word = 'extra'
      lines.append(f'{word:8} {name}\n')
  return ''.join(lines)
