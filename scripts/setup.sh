# Sourced by ./attnc, ./test and benchmarks/run: makes sure that the Debian
# packages of a list are there. Installs what is missing when it may, otherwise
# names the one command to run.

# Prints the packages of a list, a file, that are not installed.
missing_packages() {
  local package
  while read -r package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      printf '%s ' "$package"
  done < <(grep -v '^#' "$1")
}

# ensure_packages ROOT [LIST]: exits with 1 when packages of the list, by default
# third_party/packages.txt, are missing and cannot be installed.
ensure_packages() {
  local list=${2:-third_party/packages.txt} missing as_root=
  missing=$(missing_packages "$1/$list")
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then
      as_root="sudo -n"
    else
      echo "attnc needs Debian packages that are not installed; run:" >&2
      echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing" >&2
      exit 1
    fi
  fi
  echo "installing Debian packages: $missing" >&2
  # shellcheck disable=SC2086 # lists of words
  {
    $as_root apt-get update -qq &&
      $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing
  } >&2 || {
    echo "attnc: installing the packages failed; the list is $list" >&2
    exit 1
  }
}
