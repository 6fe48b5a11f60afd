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

"""The one way to run git: isolated from the user, the hook and the repository.

The tools use git for diffs, patches and three-way merges, in repositories of
their own. Attributes, hooks, line endings or aliases that
somebody has must not change a byte of that.

Other repositories are named by the user, and may belong to somebody else. git
refuses those, because their configuration can start programs. Here the one that
was named is safe, and what could start a program is off: hooks, the monitor of
the file system, checks of signatures and, in a repository of somebody else, all
protocols. Filters run only where files are checked out: in the project itself
and in a checkout of TFMOT, whose code runs here anyway.
"""

import contextlib
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
from typing import Iterator, Mapping, NamedTuple

from tfmot_contrib import errors

FILE, EXECUTABLE, LINK = '100644', '100755', '120000'  # Modes of files.
MINIMUM = (2, 26)  # The first whose rebase merges whole files.
# Whatever upstream's .gitattributes say, a file is its bytes.
ATTRIBUTES = (
    '* -text -ident -filter -working-tree-encoding !diff !merge !eol'
    ' !conflict-marker-size\n'
)
_PROTOCOLS = 'file:git:http:https:ssh'
# Before what the configuration of the repository says.
_HARMLESS = {
    'core.attributesFile': os.devnull,
    'core.fsmonitor': 'false',
    'core.hooksPath': os.devnull,
    'log.showSignature': 'false',
}
# Of `git rev-parse --local-env-vars`, those that name a repository. A hook of
# git has them, and they win over the folder that a command runs in.
_OF_A_REPOSITORY = (
    'GIT_ALTERNATE_OBJECT_DIRECTORIES',
    'GIT_COMMON_DIR',
    'GIT_CONFIG',
    'GIT_DIR',
    'GIT_GRAFT_FILE',
    'GIT_IMPLICIT_WORK_TREE',
    'GIT_INDEX_FILE',
    'GIT_INTERNAL_SUPER_PREFIX',
    'GIT_NAMESPACE',
    'GIT_NO_REPLACE_OBJECTS',
    'GIT_OBJECT_DIRECTORY',
    'GIT_PREFIX',
    'GIT_QUARANTINE_PATH',
    'GIT_REPLACE_REF_BASE',
    'GIT_SHALLOW_FILE',
    'GIT_WORK_TREE',
)
# What says how to reach a host: settings, and variables that win over them.
_REACH = re.compile(
    r'(http|credential|url|ssh)\..*|core\.(sshcommand|gitproxy|askpass)'
)
_REACH_VARIABLES = re.compile(
    'GIT_(SSL_|PROXY_|HTTP_|SSH|ASKPASS|TRACE_CURL|CURL_)'
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


class Entry(NamedTuple):
  """A file of a tree.

  Attributes:
    mode: `FILE`, `EXECUTABLE` or `LINK`.
    data: Its bytes; of a link, where it points to.
  """

  mode: str
  data: bytes


Tree = dict[str, Entry]


def environ(ceiling: pathlib.Path) -> dict[str, str]:
  """Returns the environment variables that git runs with.

  Args:
    ceiling: The folder above which git looks for no repository.

  Returns:
    Those of this process, without git's own and with ours.
  """
  kept = {k: v for k, v in os.environ.items() if not k.startswith('GIT_')}
  return kept | {
      'GIT_ALLOW_PROTOCOL': _PROTOCOLS,
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


def _safe(folder: pathlib.Path) -> list[str]:
  """Returns the options that make git read a repository, whoever owns it."""
  path = os.path.realpath(folder)
  # Which of the two it is depends on the command, and on the version of git.
  named = (path, os.path.join(path, '.git'))
  return [word for name in named for word in ('-c', f'safe.directory={name}')]


def _is_ours(folder: pathlib.Path) -> bool:
  """Returns whether a repository belongs to the user of this process."""
  places = (folder, folder / '.git')
  return all(p.stat().st_uid == os.geteuid() for p in places if p.exists())


def run(
    folder: pathlib.Path,
    *arguments: object,
    what: str,
    stdin: bytes = b'',
    extra: Mapping[str, str] | None = None,
    ok: tuple[int, ...] = (0,),
    isolated: bool = True,
) -> subprocess.CompletedProcess:
  """Runs git in a folder.

  Args:
    folder: Where: the top of a work tree, or a bare repository.
    *arguments: Of git.
    what: What it is for, in a few words for an error message.
    stdin: What it reads.
    extra: More environment variables.
    ok: Exit codes that are no error.
    isolated: Whether the settings of the user do not count.

  Returns:
    The process that ended, with bytes in stdout and stderr.

  Raises:
    errors.InputError: git is missing, or ends with another exit code.
  """
  folder = pathlib.Path(folder).absolute()
  command = ['git', *_safe(folder)]
  if isolated:
    env = environ(folder.parent)
    for name, value in _HARMLESS.items():
      command += ['-c', f'{name}={value}']
    if not _is_ours(folder):
      env['GIT_ALLOW_PROTOCOL'] = ''
  else:
    env = {k: v for k, v in os.environ.items() if k not in _OF_A_REPOSITORY}
  command += [str(argument) for argument in arguments]
  try:
    done = subprocess.run(
        command,
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        env=env | dict(extra or {}),
    )
  except OSError as error:
    raise errors.InputError(f'{what}: cannot run git: {error}') from error
  if done.returncode not in ok:
    said = (done.stderr or done.stdout).decode(errors='replace').strip()
    lines = [line for line in said.splitlines() if line][-6:]
    raise errors.InputError(f'{what} failed: ' + ' | '.join(lines))
  return done


def reach() -> dict[str, str]:
  """Returns what says how the user's git reaches a host.

  Returns:
    Environment variables for `run`: the settings for proxies, certificates,
    headers, credentials and other URLs. They may hold secrets, so they are no
    arguments, which everybody on the machine can read.
  """
  listed = run(
      pathlib.Path(__file__).resolve().parents[2],
      'config',
      '--list',
      '-z',
      what='reading the settings of git',
      isolated=False,
  )
  found = {k: v for k, v in os.environ.items() if _REACH_VARIABLES.match(k)}
  count = 0
  for entry in os.fsdecode(listed.stdout).split('\0'):
    name, equals, value = entry.partition('\n')
    if _REACH.fullmatch(name):
      found[f'GIT_CONFIG_KEY_{count}'] = name
      found[f'GIT_CONFIG_VALUE_{count}'] = value if equals else 'true'
      count += 1
  return found | {'GIT_CONFIG_COUNT': str(count)}


def upload_pack(where: pathlib.Path) -> str:
  """Returns the option of git fetch that reads a folder, whoever owns it."""
  words = ['git', *_safe(where)]
  words += [w for k, v in _HARMLESS.items() for w in ('-c', f'{k}={v}')]
  return f'--upload-pack={shlex.join([*words, "upload-pack"])}'


def identity(folder: pathlib.Path) -> tuple[str, str]:
  """Returns the name and the address of the user, '' for what git lacks."""
  name, address = (
      run(
          folder,
          'config',
          key,
          what='asking git who you are',
          ok=(0, 1),
          isolated=False,
      )
      .stdout.decode()
      .strip()
      for key in ('user.name', 'user.email')
  )
  return name, address


def listed(folder: pathlib.Path, *options: str) -> list[str]:
  """Lists files of a work tree, none that the user or the project ignores.

  Args:
    folder: The top of the work tree.
    *options: Of git ls-files; by default, for files tracked and new.

  Returns:
    Paths relative to the folder, sorted.

  Raises:
    errors.InputError: It is no work tree.
  """
  done = run(
      folder,
      'ls-files',
      '-z',
      *(options or ('--cached', '--others')),
      '--exclude-standard',
      what='listing the files of the repository',
      isolated=False,
  )
  return sorted({*os.fsdecode(done.stdout).split('\0')} - {''})


def text(folder: pathlib.Path, *arguments: object, what: str) -> str:
  """Runs git and returns what it printed, without the last newline."""
  return run(folder, *arguments, what=what).stdout.decode().rstrip('\n')


def resolve(folder: pathlib.Path, ref: str, what: str) -> str:
  """Returns the commit of a ref.

  Args:
    folder: The top of a checkout, or a bare repository.
    ref: A branch, a tag or a commit.
    what: As of `run`.

  Returns:
    The full digest of the commit.

  Raises:
    errors.InputError: There is no such repository or commit.
  """
  text(folder, 'rev-parse', '--git-dir', what=what)
  name = ['--verify', '--quiet', '--end-of-options', f'{ref}^{{commit}}']
  done = run(folder, 'rev-parse', *name, what=what, ok=(0, 1, 128))
  commits = done.stdout.decode().split()
  if done.returncode or not commits:
    raise errors.InputError(
        f'{what}: its git has no branch, tag or commit {ref}'
    )
  return commits[-1]


@contextlib.contextmanager
def work_tree(
    checkout: pathlib.Path, commit: str, what: str
) -> Iterator[pathlib.Path]:
  """Yields a work tree of its own, detached at a commit, and removes it."""
  with tempfile.TemporaryDirectory(prefix='work-tree-') as folder:
    tree = pathlib.Path(folder) / 'tree'
    add = ['worktree', 'add', '-q', '--detach', tree, commit]
    run(checkout, *add, what=what)
    try:
      yield tree
    finally:
      run(checkout, 'worktree', 'remove', '--force', tree, what=what)


def check_version() -> None:
  """Refuses a git that cannot rebase by merges."""
  said = text(pathlib.Path.cwd(), '--version', what='asking git its version')
  found = tuple(map(int, re.findall(r'\d+', said)[:2]))
  if found < MINIMUM:
    raise errors.InputError(
        f'{said} is too old to rebase the patches: git'
        f' {".".join(map(str, MINIMUM))} or later is needed'
    )


def read_tree(
    repository: pathlib.Path, revision: str, names: set[str] | None = None
) -> Tree:
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
  found: Tree = {}
  at = 0
  for name, (mode, _) in entries.items():
    end = out.index(b'\n', at)
    size = int(out[at:end].split()[2])
    found[name] = Entry(mode, out[end + 1 : end + 1 + size])
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
    mode = FILE if mode == '100664' else mode  # As very old commits say.
    try:
      rows.append((mode, kind, sha, name.decode()))
    except UnicodeDecodeError as error:
      raise errors.InputError(f'{what}: {name!r} is no UTF-8') from error
  return rows


def import_trees(repository: pathlib.Path, trees: Mapping[str, Tree]) -> None:
  """Makes one commit a tree, each the child of the one before.

  Args:
    repository: Made by `configure`.
    trees: A tree for the name of each branch, in their order.
  """
  marks: dict[Entry, int] = {}
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
