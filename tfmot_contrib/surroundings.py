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

"""What of the user's machine and settings reaches this project.

Paths as the user means them, the cores that the user left to us, and the
environment of pip, uv and npm. Their settings say two kinds of things. How a
registry is reached (index, proxy, certificates, time-outs, caches) is the
user's to say, in variables and in configuration files. What is installed, and
where, is in our locks and commands, and no setting may change that.

The module needs nothing but the standard library, because the bootstrap uses it
before any environment exists.
"""

import configparser
import errno
import os
import pathlib
import pwd
import re
import tomllib
from typing import Any, Iterable, Mapping

from tfmot_contrib import errors

# Where the user stands: `bazel run` sets it, and so does tools/nox.
_STANDS = 'BUILD_WORKING_DIRECTORY'
_FULL = (errno.ENOSPC, errno.EDQUOT)

_INSTALLERS = re.compile(
    r'(PIP|UV|PYTHON|SETUPTOOLS|DISTUTILS|npm_config)_?.*|__PYVENV_LAUNCHER__'
    r'|VIRTUAL_ENV|CONDA_PREFIX|CONDA_DEFAULT_ENV',
    re.IGNORECASE,
)
_PIP = (
    'cache-dir',
    'cert',
    'client-cert',
    'default-timeout',
    'extra-index-url',
    'find-links',
    'index-url',
    'keyring-provider',
    'no-cache-dir',
    'no-index',
    'no-input',
    'proxy',
    'resume-retries',
    'retries',
    'timeout',
    'trusted-host',
    'use-deprecated',
    'use-feature',
)
# The settings of uv.toml and the variables that say the same.
_UV = {
    'allow-insecure-host': 'UV_INSECURE_HOST',
    'cache-dir': 'UV_CACHE_DIR',
    'concurrent-downloads': 'UV_CONCURRENT_DOWNLOADS',
    'extra-index-url': 'UV_EXTRA_INDEX_URL',
    'find-links': 'UV_FIND_LINKS',
    'http-proxy': 'HTTP_PROXY',
    'https-proxy': 'HTTPS_PROXY',
    'index-strategy': 'UV_INDEX_STRATEGY',
    'index-url': 'UV_INDEX_URL',
    'keyring-provider': 'UV_KEYRING_PROVIDER',
    'link-mode': 'UV_LINK_MODE',
    'native-tls': 'UV_NATIVE_TLS',
    'no-cache': 'UV_NO_CACHE',
    'no-proxy': 'NO_PROXY',
    'offline': 'UV_OFFLINE',
    'system-certs': 'UV_SYSTEM_CERTS',
}
_REACHES = re.compile(
    r'PIP_(' + '|'.join(_PIP).replace('-', '_').upper() + r')'
    r'|UV_((DEFAULT_|EXTRA_)?INDEX(_\w+)?|FIND_LINKS|KEYRING_PROVIDER'
    r'|INSECURE_HOST|NATIVE_TLS|SYSTEM_CERTS|OFFLINE|(NO_)?CACHE(_DIR)?'
    r'|LINK_MODE|LOCK_TIMEOUT|CONCURRENT_\w+|(HTTP|REQUEST)_\w+'
    r'|\w*(CREDENTIALS|AUTH)\w*)'
    r'|npm_config_(.*registry|(https?_)?proxy|noproxy|ca|cafile|cert|key'
    r'|strict_ssl|cache|offline|prefer_(off|on)line|fetch_.*|maxsockets'
    r'|userconfig|globalconfig|//.*)',
    re.IGNORECASE,
)
# What .npmrc may say that would change what `npm pack` does.
_NPM = {'before': 'null'} | dict.fromkeys(
    ('dry_run', 'global', 'json'), 'false'
)


def path(text: str) -> pathlib.Path:
  """Returns the path that a user means by a word of the command line.

  Args:
    text: A path. `~` and `~NAME` at its start are homes. A relative path starts
      where the user stands, and not where nox or Bazel runs this.

  Returns:
    The path.

  Raises:
    errors.InputError: There is no such home.
  """
  return pathlib.Path(os.environ.get(_STANDS, ''), _home(text, text))


def setting(name: str) -> pathlib.Path | None:
  """Returns the path in an environment variable.

  Args:
    name: Of the variable.

  Returns:
    The path, or None where the variable is not set.

  Raises:
    errors.InputError: The path is relative, which means another folder to each
      program that reads it, or there is no such home.
  """
  text = os.environ.get(name)
  if not text:
    return None
  found = _home(text, f'{name}={text}')
  if not found.is_absolute():
    raise errors.InputError(
        f'{name}={text} is no absolute path: write the whole path'
    )
  return found


def _home(text: str, shown: str) -> pathlib.Path:
  """Returns a path with its home written out, or says that there is none."""
  try:
    return pathlib.Path(text).expanduser()
  except RuntimeError as error:
    raise errors.InputError(
        f'{shown}: there is no such home folder: write the whole path'
    ) from error


def cannot_write(
    target: pathlib.Path, error: OSError, elsewhere: str
) -> errors.InputError:
  """Returns the one line on a file that cannot be written.

  Args:
    target: What could not be written.
    error: Why.
    elsewhere: How to name another place, such as `set TFMOT_MODELS_CACHE to`.

  Returns:
    The error to raise, with a mend that helps.
  """
  mend = f'{elsewhere} a folder of yours'
  if error.errno in _FULL:
    mend = f'free some space or {elsewhere} a folder on another disk'
  return errors.InputError(
      f'cannot write {target}: {error.strerror or error}; {mend}'
  )


def writable(folder: str) -> bool:
  """Returns whether a folder with an absolute path can be written, or made."""
  path_of = pathlib.Path(folder)
  there = next((x for x in (path_of, *path_of.parents) if x.exists()), path_of)
  mine = os.access(there, os.W_OK | os.X_OK)
  return path_of.is_absolute() and there.is_dir() and mine


def with_user() -> dict[str, str]:
  """Returns the environment of Bazel, which wants a name for the user."""
  found = _with_scratch(os.environ)
  if not found.get('USER'):
    try:
      found['USER'] = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
      found['USER'] = f'user{os.getuid()}'
  return found


def without_python() -> dict[str, str]:
  """Returns the environment of a Python that finds its own packages alone.

  PYTHONHOME would make it look elsewhere, PYTHONPATH puts the user's packages
  before those of the locks, and the others change how it works.
  """
  return {k: v for k, v in os.environ.items() if not k.startswith('PYTHON')}


def cpus() -> int:
  """Returns how many cores this process may use."""
  try:
    return len(os.sched_getaffinity(0))
  except AttributeError:  # Not on this system.
    return os.cpu_count() or 1


def installers(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
  """Returns the environment that pip, uv and npm run in.

  Args:
    environ: The user's.

  Returns:
    The variables of the user, without those that would change what is installed
    or where. What pip.conf and uv.toml say about registries is among them; the
    files themselves are not read.

  Raises:
    errors.InputError: A configuration file cannot be read.
  """
  kept = {
      name: value
      for name, value in environ.items()
      if not _INSTALLERS.fullmatch(name) or _REACHES.fullmatch(name)
  }
  npm = {f'npm_config_{name}': value for name, value in _NPM.items()}
  ours = {
      'PIP_CONFIG_FILE': os.devnull,
      'PIP_DISABLE_PIP_VERSION_CHECK': '1',
      'UV_NO_CONFIG': '1',
  }
  kept = _with_scratch(kept)
  files = _downloads() | _pip_files(environ) | _uv_files(environ)
  return files | kept | ours | npm


def _with_scratch(environ: Mapping[str, str]) -> dict[str, str]:
  """Returns an environment without a TMPDIR that is not there."""
  gone = not os.path.isdir(environ.get('TMPDIR') or '/')
  return {k: v for k, v in environ.items() if k != 'TMPDIR' or not gone}


def _downloads() -> dict[str, str]:
  """Returns where uv and npm keep downloads if the user has no home folder."""
  cache = setting('TFMOT_MODELS_CACHE')
  places = {'UV_CACHE_DIR': '.cache/uv', 'npm_config_cache': '.npm'}
  return {
      variable: f'{cache}/downloads/{pathlib.PurePath(place).name}'
      for variable, place in places.items()
      if cache and not writable(os.path.expanduser(f'~/{place}'))
  }


def _folders(environ: Mapping[str, str]) -> tuple[list[str], str]:
  """Returns the folders of the system's and of the user's configuration."""
  system = environ.get('XDG_CONFIG_DIRS') or '/etc/xdg'
  home = environ.get('XDG_CONFIG_HOME') or os.path.expanduser('~/.config')
  return system.split(os.pathsep)[::-1], home


def _pip_files(environ: Mapping[str, str]) -> dict[str, str]:
  """Returns what pip.conf says about registries, as variables of pip."""
  explicit = environ.get('PIP_CONFIG_FILE')
  if explicit == os.devnull:  # pip then reads no file at all.
    return {}
  system, home = _folders(environ)
  files = [f'{folder}/pip/pip.conf' for folder in system] + ['/etc/pip.conf']
  files += [os.path.expanduser('~/.pip/pip.conf'), f'{home}/pip/pip.conf']
  parser = configparser.RawConfigParser()
  try:
    parser.read([*files, *filter(None, [explicit])], encoding='utf-8')
  except (configparser.Error, UnicodeDecodeError) as error:
    raise errors.InputError(
        'the configuration of pip cannot be read:'
        f' {errors.one_line(error)}; mend that file'
    ) from error
  found = {}
  for section in ('global', 'install', 'download'):
    for name, value in parser.items(section) if section in parser else ():
      name = name.removeprefix('--').replace('_', '-')
      if name in _PIP and value:
        found[f'PIP_{name.replace("-", "_").upper()}'] = value
  return found


def _uv_files(environ: Mapping[str, str]) -> dict[str, str]:
  """Returns what uv.toml says about registries, as variables of uv."""
  if environ.get('UV_NO_CONFIG', '').lower() in ('1', 'true', 'yes'):
    return {}
  system, home = _folders(environ)
  files = [f'{folder}/uv/uv.toml' for folder in (*system, '/etc', home)]
  if explicit := environ.get('UV_CONFIG_FILE'):
    files = [explicit]
  said: dict[str, Any] = {}
  for name in files:
    try:
      with open(name, 'rb') as stream:
        said |= tomllib.load(stream)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
      continue
    except (OSError, ValueError) as error:
      raise errors.InputError(
          f'{name} cannot be read: {error}; mend that file'
      ) from error
  said |= said.get('pip', {})
  found = {
      variable: _as_text(said[name], ',' if name == 'find-links' else ' ')
      for name, variable in _UV.items()
      if name in said
  }
  # As a variable, so that those of the user's environment come first.
  for index in said.get('index', ()):
    if index.get('default'):
      found['UV_DEFAULT_INDEX'] = index['url']
    elif not index.get('explicit'):
      name = f'{index["name"]}=' if 'name' in index else ''
      others = found.get('UV_INDEX', '')
      found['UV_INDEX'] = f'{others} {name}{index["url"]}'.strip()
  return found


def _as_text(value: Any, between: str) -> str:
  """Returns a value of uv.toml as a variable has it."""
  if isinstance(value, bool):
    return str(value).lower()
  if isinstance(value, Iterable) and not isinstance(value, str):
    return between.join(map(str, value))
  return str(value)
