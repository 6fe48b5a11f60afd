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

"""Runs git, deaf to the settings of the user and of the repository around.

The sync uses git for what git does best, diffs, patches and three-way merges,
in repositories of its own. Attributes, hooks, line endings or aliases that
somebody has must not change a byte of that.
"""

import os
import pathlib
import re
import subprocess
from typing import Mapping

from tfmot_contrib import errors
from tools.sync import tree

MINIMUM = (2, 38)  # The first with `git merge-tree --write-tree`.
# Whatever upstream's .gitattributes say, a file is its bytes.
ATTRIBUTES = (
    '* -text -ident -filter -working-tree-encoding !diff !merge !eol'
    ' !conflict-marker-size\n'
)
_SETTINGS = {
    'advice.detachedHead': 'false',
    'commit.cleanup': 'whitespace',
    'commit.gpgSign': 'false',
    'core.autocrlf': 'false',
    'core.hooksPath': os.devnull,
    'core.quotePath': 'false',
    'core.symlinks': 'true',
    'gc.auto': '0',
    'merge.conflictStyle': 'diff3',
    'merge.directoryRenames': 'false',
    'user.email': 'sync@tfmot-models.example',
    'user.name': 'sync_upstream',
}


def environ(ceiling: pathlib.Path) -> dict[str, str]:
  """Returns the environment variables that git runs with.

  Args:
    ceiling: The folder above which git looks for no repository.

  Returns:
    Those of this process, without git's own and with ours.
  """
  kept = {k: v for k, v in os.environ.items() if not k.startswith('GIT_')}
  return kept | {
      'GIT_ALLOW_PROTOCOL': 'file:git:http:https:ssh',
      'GIT_ATTR_NOSYSTEM': '1',
      'GIT_CEILING_DIRECTORIES': str(ceiling),
      'GIT_CONFIG_GLOBAL': os.devnull,
      'GIT_CONFIG_NOSYSTEM': '1',
      'GIT_TERMINAL_PROMPT': '0',
      'LC_ALL': 'C',
      'TZ': 'UTC',
  }


def configure(folder: pathlib.Path) -> None:
  """Makes `folder` a repository with our settings, whoever works in it."""
  what = 'making a scratch repository'
  run(folder, 'init', '-q', '-b', 'main', '.', what=what)
  with open(folder / '.git/config', 'a', encoding='utf-8') as stream:
    for name, value in _SETTINGS.items():
      section, key = name.split('.')
      stream.write(f'[{section}]\n\t{key} = {value}\n')
  (folder / '.git/info').mkdir(exist_ok=True)
  (folder / '.git/info/attributes').write_text(ATTRIBUTES, encoding='utf-8')


def run(
    folder: pathlib.Path,
    *arguments: object,
    what: str,
    stdin: bytes = b'',
    extra: Mapping[str, str] | None = None,
    ok: tuple[int, ...] = (0,),
) -> subprocess.CompletedProcess:
  """Runs git in a folder.

  Args:
    folder: Where.
    *arguments: Of git.
    what: What it is for, in a few words for an error message.
    stdin: What it reads.
    extra: More environment variables.
    ok: Exit codes that are no error.

  Returns:
    The process that ended, with bytes in stdout and stderr.

  Raises:
    errors.InputError: git is missing, or ends with another exit code.
  """
  command = ['git', *[str(argument) for argument in arguments]]
  try:
    done = subprocess.run(
        command,
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        env=environ(pathlib.Path(folder).absolute().parent) | dict(extra or {}),
    )
  except OSError as error:
    raise errors.InputError(f'{what}: cannot run git: {error}') from error
  if done.returncode not in ok:
    said = (done.stderr or done.stdout).decode(errors='replace').strip()
    lines = [line for line in said.splitlines() if line][-6:]
    raise errors.InputError(f'{what} failed: ' + ' | '.join(lines))
  return done


def text(folder: pathlib.Path, *arguments: object, what: str) -> str:
  """Runs git and returns what it printed, without the last newline."""
  return run(folder, *arguments, what=what).stdout.decode().rstrip('\n')


def check_version() -> None:
  """Refuses a git that cannot merge without a work tree."""
  said = text(pathlib.Path.cwd(), '--version', what='asking git its version')
  found = tuple(map(int, re.findall(r'\d+', said)[:2]))
  if found < MINIMUM:
    raise errors.InputError(
        f'{said} is too old to rebase the patches: git'
        f' {".".join(map(str, MINIMUM))} or later is needed'
    )


def read_tree(
    repository: pathlib.Path, revision: str, names: set[str] | None = None
) -> tree.Tree:
  """Reads the files of a commit, byte for byte, past all attributes.

  Args:
    repository: The repository.
    revision: A commit, or `commit:subfolder`.
    names: Which files; without it, all.

  Returns:
    The tree.

  Raises:
    errors.InputError: There is no such commit or folder, or a name is a
      submodule.
  """
  entries = {}
  for line in list_tree(repository, revision):
    mode, kind, sha, name = line
    if names is None or name in names:
      if kind != 'blob':
        raise errors.InputError(f'{name} is a submodule: exclude it')
      entries[name] = (mode, sha)
  wanted = ''.join(f'{sha}\n' for _, sha in entries.values()).encode()
  out = run(
      repository, 'cat-file', '--batch', what='reading files', stdin=wanted
  ).stdout
  found: tree.Tree = {}
  at = 0
  for name, (mode, _) in entries.items():
    end = out.index(b'\n', at)
    size = int(out[at:end].split()[2])
    found[name] = tree.Entry(mode, out[end + 1 : end + 1 + size])
    at = end + size + 2
  return found


def list_tree(
    repository: pathlib.Path, revision: str
) -> list[tuple[str, str, str, str]]:
  """Lists the files of a commit.

  Args:
    repository: The repository.
    revision: A commit, or `commit:subfolder`.

  Returns:
    Mode, kind, object and name of each file.

  Raises:
    errors.InputError: There is no such commit or folder, or a name is no text.
  """
  what = f'listing {revision}'
  out = run(repository, 'ls-tree', '-r', '-z', revision, what=what).stdout
  rows = []
  for line in out.split(b'\0')[:-1]:
    about, _, name = line.partition(b'\t')
    mode, kind, sha = about.decode().split()
    mode = tree.FILE if mode == '100664' else mode  # As very old commits say.
    try:
      rows.append((mode, kind, sha, name.decode()))
    except UnicodeDecodeError as error:
      raise errors.InputError(f'{what}: {name!r} is no UTF-8') from error
  return rows


def import_trees(
    repository: pathlib.Path, trees: Mapping[str, tree.Tree]
) -> None:
  """Makes one commit a tree, each the child of the one before.

  Args:
    repository: Made by `configure`.
    trees: A tree for the name of each branch, in their order.
  """
  marks: dict[tree.Entry, int] = {}
  out: list[bytes] = []
  parent = b''
  for branch, files in trees.items():
    for entry in files.values():
      if entry not in marks:
        marks[entry] = len(marks) + 1
        head = f'blob\nmark :{marks[entry]}\ndata {len(entry.data)}\n'
        out += [head.encode(), entry.data, b'\n']
    ref = f'refs/heads/{branch}'.encode()
    out.append(b'commit %s\ncommitter sync_upstream <> 0 +0000\n' % ref)
    out.append(b'data %d\n%s\n' % (len(branch), branch.encode()) + parent)
    out.append(b'deleteall\n')
    for name, entry in files.items():
      line = f'M {entry.mode} :{marks[entry]} {name}\n'
      out.append(line.encode())
    parent = b'from %s\n' % ref
  run(
      repository,
      'fast-import',
      '--quiet',
      what='filling the scratch repository',
      stdin=b''.join(out),
  )
