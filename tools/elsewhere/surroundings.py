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


"""The surroundings that real users have, and which of them are tried together.

A surrounding is a function that changes a `Place` before its clone is made, and
a new one is such a function and its name in one of the `COMBINATIONS`. The
smoke test needs an environment of its own in most surroundings, which takes a
minute: so those that hide nothing of each other share one. What cannot be tried
on this machine raises `NotHereError`; the others of its combination are tried.
"""

import os
import pathlib
import pwd
import re
import shutil
import stat
import subprocess
import sys
from typing import Callable, NamedTuple

from tfmot_contrib import errors
from tools.elsewhere import place as place_lib
from tools.env import bootstrap
from tools.env import environment

Prepare = Callable[[place_lib.Place], None]

_PASSWD = pathlib.Path('/etc/passwd')
_DEBIAN = '/usr/bin/python3'
_ODD = 'Zoë’s größte Modelle'
_OLDEST = (3, 11)
_UNRELATED = re.compile(r'^tqdm==[^#]*?(?=^\S)', re.MULTILINE)
# The same for every processor and Python.
_OTHER_VERSION = """tqdm==4.67.1 \\
    --hash=sha256:26445eca388f82e72884e0d580d5464cd801a3ea01e63e5601bdff9ba6a48de2
"""
_VARIABLES = {
    'PIP_NO_BINARY': ':all:',
    'PIP_REQUIRE_VIRTUALENV': '1',
    'PIP_TARGET': '{scratch}/target',
    'PIP_USER': '1',
    'UV_CONSTRAINT': '{scratch}/constraint.txt',
    'UV_INDEX': 'file://{scratch}/index',
    'UV_NO_BINARY': '1',
    'UV_OVERRIDE': '{scratch}/constraint.txt',
    'UV_PYTHON': '3.8',
    'UV_SYSTEM_PYTHON': '1',
}
_PLANTED = [f'tfmot_models.training.{number}.lock' for number in range(4)]

LINT = place_lib.Command('lint', ('tools/nox', '-s', 'lint'), 'lint: clean')
SYNC = place_lib.Command(
    'sync_upstream -- --check',
    ('tools/nox', '-s', 'sync_upstream', '--', '--check'),
    'patches, as locked',
)
PIN = place_lib.Command(
    'pin_tfmot -- --check',
    ('tools/nox', '-s', 'pin_tfmot', '--', '--check'),
    'all places agree',
)
SMOKE = place_lib.Command(
    'smoke test',
    (
        'bazel',
        'test',
        '--color=no',
        '--curses=no',
        '//tfmot_contrib/pruning:resnet_cifar10_sparsity50_smoke',
    ),
    '1 test passes',
    seconds=1200,
)
# This way, Bazel gets the folders and the name that it lacks.
CONVERGE = place_lib.Command(
    'converge -- smoke test',
    ('tools/nox', '-s', 'converge', '--', SMOKE.words[-1]),
    'near_reference',
    seconds=1200,
)
CHECKS = (SYNC, PIN, LINT)
# A file of each kind, for a cache in which nothing was linted before.
LINT_SOME = LINT._replace(
    words=(*LINT.words, '--', 'README.md', 'WORKSPACE', 'noxfile.py'),
)
_PLAIN = (
    SYNC._replace(words=('nox', *SYNC.words[1:])),
    PIN._replace(
        name='pin_tfmot -- --check from a subfolder',
        words=('nox', '-f', '../noxfile.py', *PIN.words[1:]),
        folder='docs',
    ),
    LINT._replace(
        name='lint -f from elsewhere',
        words=('nox', '-f', '{clone}/noxfile.py', *LINT.words[1:]),
        folder='..',
    ),
)


class Combination(NamedTuple):
  """Surroundings that are tried together.

  Attributes:
    name: In one or two words.
    surroundings: Each is named by the first line of its docstring.
    commands: What runs in them.
    cache_of: The name of an earlier combination whose cache is used.
  """

  name: str
  surroundings: tuple[Prepare, ...]
  commands: tuple[place_lib.Command, ...] = CHECKS
  cache_of: str = ''


def name_of(surrounding: Prepare) -> str:
  """Returns the name of a surrounding."""
  return (surrounding.__doc__ or '').splitlines()[0].rstrip('.')


def _own(place: place_lib.Place) -> None:
  """Gives the user an empty home, and with it caches of their own."""
  place.home.mkdir(exist_ok=True)
  place.environ['HOME'] = str(place.home)
  place.cache, place.seeded = None, True


def _become(place: place_lib.Place, uid: int) -> None:
  """Lets commands run as another user, with the programs of the system."""
  if os.geteuid():
    raise place_lib.NotHereError('only root can become another user')
  if not shutil.which('setpriv'):
    raise place_lib.NotHereError('there is no setpriv (util-linux)')
  _system_python(place)
  place.uid = uid
  place.wrappers += ['setpriv', f'--reuid={uid}', f'--regid={uid}']
  place.wrappers.append('--clear-groups')
  for name in ('USER', 'LOGNAME', 'HOME'):
    place.environ.pop(name, None)


def _system_python(place: place_lib.Place) -> tuple[int, ...]:
  """Lets commands use the Python of the system.

  Args:
    place: Where.

  Returns:
    The version of that Python.

  Raises:
    NotHereError: There is none that would do.
  """
  version = place_lib.version_of(_DEBIAN)
  if version[:2] < _OLDEST:
    raise place_lib.NotHereError(f'no {_DEBIAN} of 3.11 or later')
  path = place_lib.SYSTEM_PATH
  command = [_DEBIAN, '-c', 'import ensurepip, venv']
  if subprocess.run(command, capture_output=True, check=False).returncode:
    # Only an administrator can mend that, and so does the bootstrap as root.
    environ = place.environ | {'PATH': path, 'PYTHONPATH': str(bootstrap.ROOT)}
    environ['TFMOT_MODELS_CACHE'] = str(place.scratch / 'administrator')
    try:
      bootstrap.run(
          [_DEBIAN, '-m', 'tools.env.bootstrap', 'nox', '--version'],
          'installing python3-venv',
          env=environ,
      )
    except errors.InputError as error:
      raise place_lib.NotHereError(f'{_DEBIAN} has no venv') from error
  place.environ['PATH'] = path
  return version


def nameless() -> int:
  """Returns the lowest id above 54,320 that no user has, nor the next one."""
  taken = {user.pw_uid for user in pwd.getpwall()}
  return next(u for u in range(54321, 64000) if not taken & {u, u + 1})


def _account(place: place_lib.Place, uid: int) -> None:
  """Lets commands run as a user with an account and an empty HOME.

  Args:
    place: Where. Only its commands see the account.
    uid: Of the user.
  """
  _become(place, uid)
  place.home.mkdir()
  entry = f'elsewhere:x:{uid}:{uid}::{place.home}:/bin/sh\n'
  passwd = place.scratch / 'passwd'
  passwd.write_bytes(_PASSWD.read_bytes() + entry.encode())
  place.mount(place_lib.Mount(passwd, str(_PASSWD)))
  place.environ['USER'] = place.environ['LOGNAME'] = 'elsewhere'
  place.environ['HOME'] = str(place.home)


def another_user(place: place_lib.Place) -> None:
  """Another user without root, whose HOME is empty."""
  _account(place, nameless())
  _own(place)


def another_python(place: place_lib.Place) -> None:
  """Another version of Python."""
  if place_lib.version_of(_DEBIAN) == sys.version_info[:3]:
    raise place_lib.NotHereError(f'{_DEBIAN} is the same version')
  _system_python(place)
  if place.uid is None:
    _own(place)


def umask_077(place: place_lib.Place) -> None:
  """Umask 077."""
  place.umask = 0o077


def odd_clone(place: place_lib.Place) -> None:
  """A clone with spaces and non-ASCII letters in its path."""
  place.clone = place.scratch / _ODD
  # Bazel 4 does not work there.
  place.one_line = '(?m)^error: .* has a space'


def odd_home(place: place_lib.Place) -> None:
  """HOME with spaces and non-ASCII letters in its path."""
  place.home = place.scratch / _ODD
  _own(place)
  place.cache = place.scratch / 'cache'


def colon(place: place_lib.Place) -> None:
  """A clone with a colon in its path."""
  place.clone = place.scratch / 'v1:2' / 'clone'
  place.one_line = r'(?m)^(ERROR|error): .*colon'


def autocrlf(place: place_lib.Place) -> None:
  """A clone with core.autocrlf=true."""
  place.git += ['-c', 'core.autocrlf=true']


def another_version(place: place_lib.Place) -> None:
  """A lock with another version of an unrelated package."""
  _own(place)
  lock = environment.lock_of(
      'tensorflow', environment.settings({})['tensorflow']
  ).relative_to(bootstrap.ROOT)

  def edit() -> None:
    path = place.clone / lock
    text, found = _UNRELATED.subn(
        lambda _: _OTHER_VERSION, path.read_bytes().decode()
    )
    if found != 1:
      raise errors.InputError(f'{lock} has no tqdm: take another package')
    path.write_bytes(text.encode())

  place.edits.append(edit)


def variables(place: place_lib.Place) -> None:
  """Variables that disturb pip and uv."""
  (place.scratch / 'constraint.txt').write_text('numpy==1.0\n')
  (place.scratch / 'index').mkdir()
  for name, value in _VARIABLES.items():
    place.environ[name] = value.format(scratch=place.scratch)


def one_core(place: place_lib.Place) -> None:
  """One core."""
  if not shutil.which('taskset'):
    raise place_lib.NotHereError('there is no taskset (util-linux)')
  core = min(os.sched_getaffinity(0))
  place.wrappers += ['taskset', '-c', str(core)]


def plain_nox(place: place_lib.Place) -> None:
  """Plain nox."""
  folder = place.scratch / 'nox'
  bootstrap.install(folder, bootstrap.LOCKS / 'bootstrap.txt')
  place.environ['PATH'] = f'{folder}/bin{os.pathsep}{place.environ["PATH"]}'


def _private_tmp(place: place_lib.Place, options: str) -> pathlib.Path:
  """Gives the commands a /tmp of their own and returns its folder."""
  folder = place.scratch / 'tmp'
  folder.mkdir(exist_ok=True)
  place.mount(place_lib.Mount(folder, '/tmp', options))
  place.edits.append(lambda: folder.chmod(0o1777))
  return folder


def planted(place: place_lib.Place) -> None:
  """A lock and a link that somebody else planted in /tmp."""
  folder = _private_tmp(place, 'exec')
  owner = nameless() + 1
  victim = place.scratch / 'victim'
  victim.write_text('as it was')
  for name in _PLANTED[::2]:
    (folder / name).touch(0o600)
  for name in _PLANTED[1::2]:
    (folder / name).symlink_to(victim)

  def give_away() -> None:
    for name in _PLANTED:
      os.chown(folder / name, owner, owner, follow_symlinks=False)

  def judge() -> str:
    left = {path.name for path in folder.glob('*tfmot*')} - set(_PLANTED)
    about = victim.stat()
    if about.st_size != 9 or stat.S_IMODE(about.st_mode) & 0o700 != 0o600:
      return 'the file behind a planted link is not as it was'
    return f'left in the /tmp of all: {", ".join(sorted(left))}' if left else ''

  place.edits.append(give_away)
  place.judges.append(judge)


def tmpdir(place: place_lib.Place) -> None:
  """TMPDIR elsewhere and /tmp not executable."""
  _private_tmp(place, 'noexec')
  folder = place.scratch / 'elsewhere'
  folder.mkdir()
  place.environ['TMPDIR'] = str(folder)


def owned_by_another(place: place_lib.Place) -> None:
  """A clone that another user owns."""
  if os.geteuid():
    raise place_lib.NotHereError('only root can give files away')
  uid = pwd.getpwnam('nobody').pw_uid
  place.edits.append(lambda: place_lib.give(place.clone, uid))


def homeless(place: place_lib.Place) -> None:
  """No HOME and no passwd entry."""
  _become(place, nameless())
  _cache_of_earlier(place)


def read_only_cache(place: place_lib.Place) -> None:
  """A complete cache that is another user's and read-only."""
  _account(place, nameless() + 1)
  cache = _cache_of_earlier(place)
  for folder in (cache.parent, cache.parent.parent):
    folder.chmod(0o755)
  place_lib.share(cache)


def _cache_of_earlier(place: place_lib.Place) -> pathlib.Path:
  """Returns the cache that an earlier combination has filled."""
  if place.cache is None or not place.cache.is_dir():
    raise place_lib.NotHereError('no other user has filled a cache')
  return place.cache


# Those that make no environment come first: they are red within seconds.
COMBINATIONS = (
    Combination('plain nox', (plain_nox,), _PLAIN),
    Combination('line ends', (autocrlf,)),
    Combination('odd path', (odd_clone,), (CONVERGE, *CHECKS)),
    Combination('colon', (colon,)),
    Combination('owner', (owned_by_another,)),
    Combination(
        'package',
        (another_version, odd_home, variables, one_core, tmpdir),
        (CONVERGE, SYNC, PIN, LINT_SOME),
    ),
    Combination(
        'stranger',
        (another_user, another_python, umask_077, planted),
        (SMOKE, SYNC, PIN, LINT_SOME),
    ),
    Combination('homeless', (homeless,), (CONVERGE, SYNC), 'stranger'),
    Combination(
        'shared cache',
        (read_only_cache,),
        (CONVERGE, SYNC, PIN, LINT_SOME),
        cache_of='stranger',
    ),
)
