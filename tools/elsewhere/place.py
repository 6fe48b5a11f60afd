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


"""A clone in a scratch folder, and the commands that run in it.

A `Place` says where the clone and the user's folders are, as whom commands run
and what they see. What `surroundings` has changes a place before its clone is
made; nothing here knows which surroundings there are.
"""

import contextlib
import dataclasses
import os
import pathlib
import re
import shlex
import shutil
import signal
import stat
import subprocess
import time
from typing import Callable, Iterator, NamedTuple

from tfmot_contrib import errors
from tools.base import git
from tools.env import bootstrap

# Where the programs of the system are. No user's own folder is among them.
SYSTEM_PATH = '/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin'
# Of Python. That of Starlark comes after Bazel's ERROR, in the same line.
_TRACEBACK = re.compile(r'^\W*Traceback \(most recent call last\)', re.M)
# In the environment of all that a place starts, such as Bazel's server.
_MARK = 'ELSEWHERE_CHECK'
# What has to be downloaded. All else a place makes itself.
_SEEDS = ('data', 'wheels')
_UNPACKED = '/archive-v'  # In uv's cache.
# What belongs to the user or the command that this process was started by.
_PRIVATE = re.compile(
    r'(BUILD_WORKING_DIRECTORY|HOME|LOGNAME|TMPDIR|USER|USERNAME|VIRTUAL_ENV|TENSORFLOW|TFMOT'
    r'|OFFICIAL_MODELS_TREE|(GIT_(DIR|WORK_TREE|INDEX_FILE))'
    r'|(NOX|PYTHON|TFMOT_|XDG_).*)'
)


class NotHereError(Exception):
  """A surrounding cannot be tried on this machine, and why."""


class Command(NamedTuple):
  """A command of a user.

  Attributes:
    name: What messages call it.
    words: The program and its arguments, where `{clone}` is the clone.
    expects: What it prints when it did its work.
    folder: Where it runs, below the clone.
    seconds: How long it may take.
  """

  name: str
  words: tuple[str, ...]
  expects: str
  folder: str = '.'
  seconds: int = 300


class Fault(NamedTuple):
  """What was wrong with a command.

  Attributes:
    what: In a few words.
    lines: The last ones that it printed.
  """

  what: str
  lines: tuple[str, ...] = ()


class Mount(NamedTuple):
  """A file or folder that takes the place of another one.

  Attributes:
    source: What is mounted.
    target: Where.
    options: Of mount.
  """

  source: pathlib.Path
  target: str
  options: str = 'exec'


@dataclasses.dataclass
class Place:
  """Where and as whom commands run.

  Attributes:
    scratch: A folder of this place alone, which others may pass through.
    environ: The environment variables of its commands.
    clone: Where the clone will be.
    home: Where a HOME of its own will be, if it gets one.
    cache: The value of TFMOT_MODELS_CACHE; None for the default.
    seeded: Whether the cache is a new one, into which what would be downloaded
      is put.
    uid: Of another user; None for the one of this process.
    umask: Of its commands; -1 for that of this process.
    mounts: Of what is mounted where, with options. Only its commands see it.
    wrappers: Words before each command, the outermost program first.
    git: Options of `git clone`.
    edits: Run once the clone is there, and the user's.
    judges: Run at the end. Each returns what is wrong, or nothing.
    one_line: A pattern for a message that a command may end with instead.
  """

  scratch: pathlib.Path
  environ: dict[str, str]
  clone: pathlib.Path
  home: pathlib.Path
  cache: pathlib.Path | None
  seeded: bool = False
  uid: int | None = None
  umask: int = -1
  mounts: list[Mount] = dataclasses.field(default_factory=list)
  wrappers: list[str] = dataclasses.field(default_factory=list)
  git: list[str] = dataclasses.field(default_factory=list)
  edits: list[Callable[[], None]] = dataclasses.field(default_factory=list)
  judges: list[Callable[[], str]] = dataclasses.field(default_factory=list)
  one_line: str = ''

  def make(self, source: pathlib.Path) -> None:
    """Makes the clone and the folders of the user.

    Args:
      source: The repository, whose HEAD is cloned.

    Raises:
      errors.InputError: It cannot be cloned.
    """
    self.clone.parent.mkdir(parents=True, exist_ok=True)
    # No hard links: another user is about to own the files.
    words = ['clone', '-q', '--no-local', git.upload_pack(source), *self.git]
    with _umask(self.umask):
      git.run(
          source, *words, source, self.clone, what='cloning', isolated=False
      )
    if self.cache:
      self.environ['TFMOT_MODELS_CACHE'] = str(self.cache)
    if self.seeded:
      self._seed()
    if self.uid is not None:
      give(self.scratch, self.uid)
    for edit in self.edits:
      edit()

  def own_cache(self) -> pathlib.Path:
    """Returns the folder that is the cache."""
    return self.cache or self.home / '.cache/tfmot_models'

  def _seed(self) -> None:
    """Puts what would be downloaded into the caches of the user."""
    for name in _SEEDS:
      source = bootstrap.cache_dir() / name
      if source.is_dir():
        ignore = shutil.ignore_patterns('*.lock')
        shutil.copytree(source, self.own_cache() / name, ignore=ignore)
    said = bootstrap.uv('cache', 'dir', what='asking for the cache of uv')
    packages = pathlib.Path(said.strip())
    if self.uid is None:
      self.environ['UV_CACHE_DIR'] = str(packages)
    elif packages.is_dir():
      shutil.copytree(
          packages,
          self.home / '.cache/uv',
          symlinks=True,
          copy_function=_share,
      )

  def run(self, command: Command) -> Fault | None:
    """Runs a command.

    Args:
      command: The command.

    Returns:
      What was wrong with it, or nothing.
    """
    words = [word.format(clone=self.clone) for word in command.words]
    log = self.scratch.parent / f'{self.scratch.name}.log'
    with open(log, 'wb') as stream:
      code = self._wait(words, command, stream)
    output = log.read_text(encoding='utf-8', errors='replace')
    lines = tuple(line for line in output.splitlines() if line.strip())[-12:]
    what = self._wrong(code, output, command)
    return Fault(f'{command.name}: {what}', lines) if what else None

  def _wait(self, words: list[str], command: Command, stream) -> int | None:
    """Runs a program to its end; returns its exit code, None if it is late."""
    with subprocess.Popen(
        [*self._mounting(), *self.wrappers, *words],
        cwd=self.clone / command.folder,
        env=self.environ,
        stdin=subprocess.DEVNULL,
        stdout=stream,
        stderr=subprocess.STDOUT,
        umask=self.umask,
        start_new_session=True,
    ) as process:
      try:
        return process.wait(command.seconds)
      except subprocess.TimeoutExpired:
        return None
      finally:
        with contextlib.suppress(ProcessLookupError):
          os.killpg(process.pid, signal.SIGKILL)

  def _mounting(self) -> list[str]:
    """Returns the words before all others, which mount what is mounted."""
    script = ''
    for source, target, options in self.mounts:
      source, target = shlex.quote(str(source)), shlex.quote(target)
      script += f'mount --bind {source} {target} && '
      script += f'mount -o remount,bind,{options} {target} && '
    # A shell says which program is not there, and does not raise.
    words = ['sh', '-c', script + 'exec "$@"', 'sh']
    return ['unshare', '--mount', *words] if self.mounts else words

  def mount(self, mount: Mount) -> None:
    """Mounts something for the commands.

    Args:
      mount: What and where.

    Raises:
      NotHereError: This process may not mount.
    """
    self.mounts.append(mount)
    try:
      bootstrap.run([*self._mounting(), 'true'], 'mounting')
    except errors.InputError as error:
      self.mounts.pop()
      raise NotHereError('only root can mount, and not everywhere') from error

  def _wrong(self, code: int | None, output: str, command: Command) -> str:
    """Returns what is wrong with a command that has ended, or nothing."""
    if _TRACEBACK.search(output):
      return 'a Python traceback'
    if code is None:
      return f'no end within {command.seconds} s'
    if code and not (self.one_line and re.search(self.one_line, output)):
      return f'exit code {code}'
    if not code and command.expects not in output:
      return f'it does not say "{command.expects}"'
    return ''

  def judge(self) -> str:
    """Returns what is wrong with what the commands left, or nothing."""
    return '; '.join(filter(None, (judge() for judge in self.judges)))

  def clean(self) -> None:
    """Ends what still runs in this place, Bazel's server first, and removes it.

    A link is removed and not followed.
    """
    end_processes(self.scratch)
    for folder, names, _ in os.walk(self.scratch):
      for name in names:  # Bazel takes away the right to write.
        path = os.path.join(folder, name)
        if not os.path.islink(path):
          with contextlib.suppress(OSError):
            os.chmod(path, 0o700)
    shutil.rmtree(self.scratch, ignore_errors=True)
    (self.scratch.parent / f'{self.scratch.name}.log').unlink(missing_ok=True)


@contextlib.contextmanager
def _umask(mask: int) -> Iterator[None]:
  """Gives this process a umask for a while; -1 is the one that it has."""
  before = os.umask(0o077)
  os.umask(before if mask == -1 else mask)
  try:
    yield
  finally:
    os.umask(before)


def new(scratch: pathlib.Path) -> Place:
  """Returns a place that is like the surroundings of this process.

  Args:
    scratch: A folder for it alone, which is made.

  Returns:
    The place, with the cache of this process.
  """
  scratch.mkdir()
  scratch.chmod(0o755)
  environ = {k: v for k, v in os.environ.items() if not _PRIVATE.fullmatch(k)}
  for name in ('HOME', 'USER', 'LOGNAME'):
    if name in os.environ:
      environ[name] = os.environ[name]
  # tools/nox puts its own folder first.
  own = str(bootstrap.cache_dir())
  path = os.environ.get('PATH', os.defpath).split(os.pathsep)
  environ['PATH'] = os.pathsep.join(p for p in path if not p.startswith(own))
  environ[_MARK] = str(scratch)
  return Place(
      scratch=scratch,
      environ=environ,
      clone=scratch / 'clone',
      home=scratch / 'home',
      cache=bootstrap.cache_dir(),
  )


def give(top: pathlib.Path, uid: int) -> None:
  """Makes a user the owner of a folder and of what is below it.

  Files that have another name elsewhere are left to their owner.

  Args:
    top: The folder.
    uid: Of the user.
  """
  for folder, _, names in os.walk(top):
    os.chown(folder, uid, uid)
    for name in names:
      path = os.path.join(folder, name)
      about = os.lstat(path)
      if stat.S_ISLNK(about.st_mode) or about.st_nlink == 1:
        os.chown(path, uid, uid, follow_symlinks=False)


def share(top: pathlib.Path) -> None:
  """Lets every user read a folder and what is below it."""
  for folder, _, names in os.walk(top):
    for path in (folder, *(os.path.join(folder, name) for name in names)):
      mode = os.lstat(path).st_mode
      if not stat.S_ISLNK(mode):
        os.chmod(path, mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _share(source: str, target: str) -> None:
  """Links to what uv unpacked and never changes, and copies all else."""
  if _UNPACKED in source and os.stat(source).st_mode & stat.S_IROTH:
    with contextlib.suppress(OSError):  # As on another file system.
      os.link(source, target)
      return
  shutil.copy2(source, target)


def _processes(folder: pathlib.Path) -> Iterator[int]:
  """Yields the processes that name a folder in their command or variables."""
  for path in pathlib.Path('/proc').glob('[0-9]*'):
    with contextlib.suppress(OSError):
      text = (path / 'cmdline').read_bytes() + (path / 'environ').read_bytes()
      if os.fsencode(folder) in text and int(path.name) != os.getpid():
        yield int(path.name)


def end_processes(folder: pathlib.Path) -> None:
  """Ends the processes that were started in a folder, whoever they are of.

  Args:
    folder: A scratch folder, which only what was started there knows.
  """
  for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
    for pid in _processes(folder):
      with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
    end = time.monotonic() + 5
    while time.monotonic() < end and any(_processes(folder)):
      time.sleep(0.1)


def version_of(python: str) -> tuple[int, ...]:
  """Returns the version of an interpreter; nothing if it does not run."""
  try:
    said = bootstrap.run([python, '--version'], python, cwd='/')
  except errors.InputError:
    return ()
  return tuple(map(int, re.findall(r'\d+', said)[:3]))
