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

"""Looks at the report in headless Chromium, as its readers will.

`nox -s tests` calls it on the committed evidence. It is no Bazel test, because
Chromium is a program of the machine, which Bazel does not know. A page passes
if, on a wide and a narrow window and with all rows open, every image was
decoded and has a size, nothing is wider than the window and no script or
console complains; and if the screenshot shows ink where the charts are.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Any, Mapping, Sequence

from matplotlib import image as matplotlib_image
import numpy as np

from tfmot_contrib import errors
from tools.env import bootstrap
from tools.evidence import page

_WIDTHS = (1280, 420)
_HEIGHT = 4000
_SECONDS = 120
# A line chart is mostly paper.
_INK = 0.003
# Without a sandbox, which neither root nor most containers can have: the page
# is our own and loads nothing.
_FLAGS = (
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-sync',
    '--disable-background-networking',
    '--disable-component-update',
    '--no-first-run',
    '--hide-scrollbars',
    '--enable-logging=stderr',
)
# Runs in the page when it is there, and leaves what it saw at its end: of each
# image that is shown what it shows, its own width and where it is (left, top,
# right, bottom), the widths of window and page, and how many images and rows
# there are.
_PROBE = """
<script>
window.addEventListener('load', () => {
  const rectangle = (image) => {
    const r = image.getBoundingClientRect();
    return [r.left, r.top, r.right, r.bottom].map(Math.round);
  };
  const shown = (image) => image.checkVisibility();
  document.querySelectorAll('details').forEach((d) => { d.open = true; });
  const images = [...document.images].filter(shown).map((image) => ({
    what: image.alt, width: image.naturalWidth, at: rectangle(image)}));
  const seen = document.createElement('script');
  seen.type = 'application/json';
  seen.id = 'seen';
  seen.textContent = JSON.stringify({
    images, window: innerWidth,
    page: document.documentElement.scrollWidth, all: document.images.length,
    rows: document.querySelectorAll('details').length});
  document.body.append(seen);
});
</script>
"""


def scratch() -> tempfile.TemporaryDirectory:
  """Returns a new folder that Chromium can use.

  Returns:
    The folder. A Chromium of snap has a /tmp of its own and sees no hidden
    folders, so for that it is among the snap's own files.

  Raises:
    errors.InputError: Chromium is missing, or is a snap and there is no HOME.
  """
  if pathlib.Path(bootstrap.chromium()).resolve().name != 'snap':
    return tempfile.TemporaryDirectory()
  if not (home := os.environ.get('HOME')):
    raise errors.InputError('Chromium is a snap, which needs HOME: set it')
  place = pathlib.Path(home) / 'snap/chromium/common'
  place.mkdir(parents=True, exist_ok=True)
  return tempfile.TemporaryDirectory(dir=place)


def _chromium(path: pathlib.Path, width: int, option: str) -> tuple[str, str]:
  """Opens a page in Chromium and returns what that prints, and complains."""
  command = [
      bootstrap.chromium(),
      *_FLAGS,
      f'--user-data-dir={path.parent}/profile',
      f'--window-size={width},{_HEIGHT}',
      option,
      path.as_uri(),
  ]
  try:
    done = subprocess.run(
        command, capture_output=True, check=False, text=True, timeout=_SECONDS
    )
  except subprocess.TimeoutExpired as error:
    raise errors.InputError(
        f'Chromium did not end within {_SECONDS} s'
    ) from error
  if done.returncode:
    said = (done.stderr.strip().splitlines() or ['nothing'])[-1]
    raise errors.InputError(
        f'Chromium failed (exit {done.returncode}): {said[:200]}'
    )
  return done.stdout, done.stderr


def wrong(seen: Mapping[str, Any], complaints: Sequence[str]) -> list[str]:
  """Returns what is wrong with a page, in words.

  Args:
    seen: What a browser made of it; see `_PROBE`.
    complaints: What the console said.

  Returns:
    Nothing, if the page is as it should be.
  """
  images = seen['images']
  found = [f'the console says: {said}' for said in complaints]
  if not seen['rows'] or not images or len(images) != seen['all']:
    found.append(
        f'{seen["rows"]} rows, {len(images)} of {seen["all"]} images are shown'
    )
  if seen['page'] > seen['window']:
    found.append(f'{seen["page"]} pixels wide in a window of {seen["window"]}')
  for image in images:
    left, top, right, bottom = image['at']
    if not image['width'] or right <= left or bottom <= top:
      found.append(f'the image of {image["what"]} is not shown')
  return found


def blank(picture: np.ndarray, seen: Mapping[str, Any]) -> list[str]:
  """Returns the images of a page that a picture of it shows no ink of.

  Args:
    picture: Of the page, [height, width, channels], 0 to 1.
    seen: The same page, in a window as wide.

  Returns:
    What they should show.
  """
  found = []
  for image in seen['images']:
    left, top, right, bottom = (max(0, edge) for edge in image['at'])
    shown = picture[top:bottom, left:right, :3]
    if shown.size and np.mean(shown.min(axis=-1) < 0.8) < _INK:
      found.append(image['what'])
  return found


def check(folder: pathlib.Path) -> list[str]:
  """Checks the page `index.html` of a folder.

  Args:
    folder: Of the report; files are added to it.

  Returns:
    What is wrong, in words.

  Raises:
    errors.InputError: Chromium is missing or fails, or the page never loads.
  """
  text = (folder / 'index.html').read_text(encoding='utf-8')
  path = folder / 'probed.html'
  path.write_text(text.replace('</body>', f'{_PROBE}</body>'), encoding='utf-8')
  found = []
  for width in _WIDTHS:
    page_text, said = _chromium(path, width, '--dump-dom')
    match = re.search(r'id="seen">(.*?)</script>', page_text, re.DOTALL)
    if not match:
      raise errors.InputError('the report did not load in Chromium')
    seen = json.loads(match[1])
    complaints = [line for line in said.splitlines() if ':CONSOLE' in line]
    found += [f'{width} pixels: {what}' for what in wrong(seen, complaints)]
    if width == _WIDTHS[0]:
      picture = folder / 'picture.png'
      _chromium(path, width, f'--screenshot={picture}')
      if not picture.exists():
        raise errors.InputError(f'Chromium did not write {picture}')
      missing = blank(matplotlib_image.imread(picture), seen)
      found += [f'no ink: {what}' for what in missing]
  return found


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> None:
  """Checks the report of the committed evidence.

  Args:
    argv: The command line without the program; there is nothing to say.
    root: The folder of the project.

  Raises:
    errors.InputError: Something is wrong with it, or with Chromium.
  """
  del argv
  with scratch() as folder:
    page.main([f'--output={folder}'], root)
    if found := check(pathlib.Path(folder)):
      raise errors.InputError(f'the report: {"; ".join(found)[:1000]}')
  print('browser_check: the report is as it should be')


if __name__ == '__main__':
  main(sys.argv[1:])
