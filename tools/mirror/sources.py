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

"""Gets upstream's files from where the pin says, always in one layout.

A PyPI release or nightly, a git repository (URL, clone or bundle) or a folder:
whichever it is, out comes a checked tree of upstream's paths that the globs of
the pin chose. Wheels and repositories are kept in the user's cache, so that
what was fetched once is there without a network. Nothing of a wheel reaches a
disk before all of it was looked at: every name, every size, and every digest of
its RECORD.
"""

import base64
import csv
import fcntl
import hashlib
import io
import pathlib
import re
import stat
import sys
from typing import Collection, Iterable, Mapping, NamedTuple
import zipfile
import zlib

from tfmot_contrib import errors
from tools.base import git
from tools.env import bootstrap
from tools.env import index
from tools.mirror import pin as pins
from tools.mirror import tree

_MAX_BYTES = 1 << 30  # Of all files together; the wheel of 2.20.0 has 13 MB.
# zipfile cannot stop in the middle of what the others unpack to.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Not by the email package, which takes longer to import than a --check.
_FIELD = re.compile(r'^(Name|Version): *(.+?) *$', re.MULTILINE)
_ASKED = 'refs/sync/asked'  # What a ref that is no branch and no tag becomes.


class Upstream(NamedTuple):
  """Upstream at one version.

  Attributes:
    source: What was asked for, with its exact version or its ref.
    resolved: What that is: `wheel` and `sha256`, or `commit`; for the lock.
    files: The chosen files, pristine.
    metadata: The METADATA of a wheel.
    repository: A git repository that has the commit and its history.
  """

  source: pins.Source
  resolved: Mapping[str, str]
  files: tree.Tree
  metadata: str | None = None
  repository: pathlib.Path | None = None


def _members(
    archive: zipfile.ZipFile, where: str
) -> dict[str, zipfile.ZipInfo]:
  """Returns the members that are files, by name, when all are harmless."""
  members, size, names = {}, 0, set()
  for member in archive.infolist():
    # zipfile turns a backslash into a slash and cuts at a NUL: look before.
    name = member.orig_filename
    is_folder = name.endswith('/')
    tree.check_name(name.rstrip('/') if is_folder else name, where)
    kind = stat.S_IFMT(member.external_attr >> 16)
    size += member.file_size
    why = ''
    if name in names:
      why = f'{ascii(name)} is in it twice'
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
      why = f'{ascii(name)} is a link or a device'
    elif member.compress_type not in _COMPRESSIONS:
      why = f'{ascii(name)} is not compressed as in a wheel'
    elif size > _MAX_BYTES:
      why = f'it unpacks to more than {_MAX_BYTES >> 20} MiB'
    if why:
      raise errors.InputError(f'{where}: {why}')
    names.add(name)
    if not is_folder:
      members[name] = member
  tree.check_names(members, where)
  return members


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
  """Reads a member, and never more bytes than it says that it has."""
  with archive.open(member) as stream:
    data = stream.read(member.file_size + 1)
  if len(data) != member.file_size:
    raise zipfile.BadZipFile(f'{member.filename} is too short')
  return data


def _digest(data: bytes) -> str:
  """Returns the digest of a file as RECORD has it."""
  digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
  return f'sha256={digest.decode().rstrip("=")}'


def _check_record(content: dict[str, bytes], record: str, where: str) -> None:
  """Refuses files that are not those of the RECORD, one by one."""
  text = content[record].decode(errors='replace')
  rows = list(csv.reader(io.StringIO(text)))
  if broken := [row for row in rows if len(row) != 3]:
    raise errors.InputError(f'{where}: RECORD has a broken line: {broken[0]}')
  named = {name: digest for name, digest, _ in rows}
  found = {name: _digest(data) for name, data in content.items()}
  found[record] = ''
  for name in sorted(named.keys() | found.keys()):
    if named.get(name) != found.get(name):
      raise errors.InputError(
          f'{where}: {ascii(name)} is not the file that its RECORD names'
      )


def read_wheel(
    path: pathlib.Path, package: str, version: str
) -> tuple[tree.Tree, str]:
  """Reads a wheel into memory.

  Args:
    path: The wheel.
    package: The name that it has to have.
    version: The version that it has to have.

  Returns:
    All its files but those of its .dist-info, and its METADATA.

  Raises:
    errors.InputError: It is no wheel or a broken one, is of another package or
      version, a name is not safe, it holds a link, it is too large, or a file
      is not what its RECORD says.
  """
  where = path.name
  try:
    with zipfile.ZipFile(path) as archive:
      members = _members(archive, where)
      content = {n: _read(archive, member) for n, member in members.items()}
    infos = [name for name in content if name.endswith('.dist-info/METADATA')]
    if len(infos) != 1 or infos[0].count('/') != 1:
      raise errors.InputError(f'{where} is no wheel: it needs one METADATA')
    info = infos[0].removesuffix('METADATA')
    if f'{info}RECORD' not in content:
      raise errors.InputError(f'{where} is no wheel: it has no RECORD')
    _check_record(content, f'{info}RECORD', where)
  except (
      csv.Error,
      zipfile.BadZipFile,
      zlib.error,
      EOFError,
      NotImplementedError,
      OSError,
      RuntimeError,
      UnicodeDecodeError,
  ) as error:
    raise errors.InputError(
        f'{where} is corrupt ({error}): delete it and run again'
    ) from error
  metadata = content[f'{info}METADATA'].decode(errors='replace')
  head = metadata.replace('\r\n', '\n').partition('\n\n')[0]
  fields = dict(_FIELD.findall(head))
  wanted = f'{index.canonical(package)} {version}'
  name = f'{index.canonical(fields.get("Name", ""))} {fields.get("Version")}'
  if name != wanted:
    raise errors.InputError(f'{where} is {name}, not {wanted}')
  files = {}
  for name, data in content.items():
    if not name.startswith(info):
      runs = members[name].external_attr >> 16 & stat.S_IXUSR
      files[name] = tree.Entry(tree.EXECUTABLE if runs else tree.FILE, data)
  return files, metadata


def _local(where: str, root: pathlib.Path) -> pathlib.Path:
  """Returns the path that a source names, if it names one."""
  try:
    return (root / pathlib.Path(where).expanduser()).resolve()
  except RuntimeError as error:
    raise errors.InputError(
        f'{where}: there is no such user: write the whole path'
    ) from error


def _repository(
    source: pins.Source, root: pathlib.Path, offline: bool
) -> pathlib.Path:
  """Fetches a git source into its repository in the cache."""
  place = _local(source.where, root)
  local = place.exists()
  where = str(place) if local else source.where
  if not local and '://' not in where and '@' not in where:
    raise errors.InputError(
        f'there is no repository {where!r}: git takes a URL, or the path of a'
        ' clone or bundle'
    )
  target = bootstrap.cache_dir() / 'git' / bootstrap.digest(where.encode())
  with bootstrap.made_once(target) as partial:
    if partial:
      if offline and not local:
        raise errors.InputError(
            f'{source} was never fetched: run without --offline'
        )
      git.configure(partial)
  if offline and not local:
    return target
  specs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']
  if _is_asked(source.version):
    specs.append(f'+{source.version}:{_ASKED}')
  options = ['--quiet', '--update-head-ok', '--no-write-fetch-head']
  options += [git.upload_pack(place)] if place.is_dir() else []
  with open(target / 'fetch.lock', 'w', encoding='utf-8') as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not local:
      print(f'sync: fetching {source}', file=sys.stderr, flush=True)
    git.run(
        target,
        *('fetch', *options, '--end-of-options', where, *specs),
        what=f'fetching {source.where}',
        extra=None if local else git.reach(),
    )
  return target


def _is_asked(ref: str) -> bool:
  """Tells whether a ref has to be asked for by its name."""
  return ref == 'HEAD' or ref.startswith('refs/')


def _commit_of(repository: pathlib.Path, ref: str) -> str:
  """Returns the commit that a ref names."""
  name = _ASKED if _is_asked(ref) else ref
  return git.resolve(repository, name, f'looking for {ref}')


def commit_of(source: pins.Source, *, root: pathlib.Path, offline: bool) -> str:
  """Returns the commit that a git source is at now; see `fetch`."""
  return _commit_of(_repository(source, root, offline), source.version)


def fetch(
    pin: pins.Pin,
    source: pins.Source,
    *,
    root: pathlib.Path,
    offline: bool = False,
    locked: Mapping[str, str] | None = None,
    names: Collection[str] | None = None,
) -> Upstream:
  """Gets upstream's files.

  Args:
    pin: Which of the files to take.
    source: Where from, with an exact version or a ref.
    root: What a relative path is relative to.
    offline: Whether to do without a network.
    locked: What the source was resolved to before and has to be again: the
      `sha256` of a wheel, or the `commit`, wherever the ref is by now.
    names: The files to take, instead of those that the globs choose.

  Returns:
    The files and what they are of.

  Raises:
    errors.InputError: It cannot be had, is not what was locked, or holds what
      is not safe to write.
  """
  locked = locked or {}
  where, metadata, repository = str(source), None, None

  def choose(found: Iterable[str]) -> list[str]:
    if names is None:
      return pin.select(found, where)
    if lost := sorted(set(names) - set(found)):
      raise errors.InputError(f'{where} no longer has {lost[0]}')
    return sorted(names)

  if source.kind == 'pypi':
    kept = bootstrap.cache_dir() / f'wheels/{source.where}-{source.version}'
    if offline and not kept.exists():
      raise errors.InputError(
          f'the wheel of {source} is not in the cache: run without --offline'
      )
    path = index.wheel(source.where, source.version)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 != locked.get('sha256', sha256):
      raise errors.InputError(
          f'{path.name} has sha256 {sha256[:16]}…, the lock says'
          f' {locked["sha256"][:16]}…: the package index served another file'
          f' than the one locked, or the cache is broken; delete {path.parent}'
          ' and run again'
      )
    found, metadata = read_wheel(path, source.where, source.version)
    files = {name: found[name] for name in choose(found)}
    resolved = {'wheel': path.name, 'sha256': sha256}
  elif source.kind == 'git':
    repository = _repository(source, root, offline)
    commit = locked.get('commit') or _commit_of(repository, source.version)
    revision = f'{commit}:{source.subfolder}'
    everything = [row[3] for row in git.list_tree(repository, revision)]
    files = git.read_tree(repository, revision, set(choose(everything)))
    resolved = {'commit': commit}
  else:
    folder = _local(source.where, root) / source.subfolder
    if not folder.is_dir():
      raise errors.InputError(f'there is no folder {source.where!r}')
    found = choose(tree.files(folder, ['.git']))
    files = {name: tree.read_entry(folder / name) for name in found}
    resolved = {}
  tree.check(files, where)
  return Upstream(source, resolved, files, metadata, repository)


def log(upstream: Upstream, pin: pins.Pin, since: str) -> list[str] | None:
  """Returns upstream's commits that touched the mirrored files.

  Args:
    upstream: The new version.
    pin: Which files are mirrored.
    since: The commit of the old version.

  Returns:
    A line for each commit since then, newest first; None where there is no
    history, or it does not have that commit.
  """
  if not upstream.repository or not re.fullmatch('[0-9a-f]{40,64}', since):
    return None
  prefix = f'{upstream.source.subfolder}/' if upstream.source.subfolder else ''
  specs = [f':(top,glob){prefix}{glob}' for glob in pin.include]
  specs += [f':(top,exclude,glob){prefix}{glob}' for glob in pin.exclude]
  spread = f'{since}..{upstream.resolved["commit"]}'
  done = git.run(
      upstream.repository,
      *('log', '--format=%h %as %an: %s', spread, '--', *specs),
      what='reading the log of upstream',
      ok=(0, 128),
  )
  if done.returncode:
    return None
  return done.stdout.decode(errors='replace').splitlines()
