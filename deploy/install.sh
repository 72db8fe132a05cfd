#!/bin/sh
# Installs this version of release-feeds under systemd and nginx, on Debian 12 or later, or upgrades to it. Run it as root
# in a checkout. It can be run again at any time: it does what is not done yet, and prints what is left to you.
# docs/operating.md says what for.
set -eu
umask 022

# Where everything is installed. The environment may name other places.
: "${PREFIX:=/opt/release-feeds}"   # one folder for each version, and the link `current`
: "${CONFIG:=/etc/release-feeds}"   # the settings
: "${STATE:=/var/lib/release-feeds}" # the store and its back-ups
: "${UNITS:=/etc/systemd/system}"
: "${BIN:=/usr/local/bin}" # the command `feeds`
: "${NGINX_CONFIG:=/etc/nginx}"
: "${CACHE:=/var/cache}"
: "${LOGS:=/var/log/nginx}"
: "${CERTIFICATES:=/etc/letsencrypt}"
: "${FEEDS_USER:=release-feeds}"

cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin
settings=$CONFIG/feeds.env
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
left=

leave() {
  left="$left
- $1"
}

setting() {
  sed -n "s/^$1=//p" "$settings"
}

if [ "$(id -u)" != 0 ]; then
  echo "Run this as root." >&2
  exit 1
fi

packages=
python3 -c 'import ensurepip' 2> /dev/null || packages="python3-venv"
command -v nginx > /dev/null || packages="$packages nginx-light"
if [ -n "$packages" ]; then
  apt-get update
  # shellcheck disable=SC2086 # each word is a package
  apt-get install --yes $packages
fi

mkdir -p "$STATE" # adduser warns if the home does not exist
id "$FEEDS_USER" > /dev/null 2>&1 || adduser --system --group --no-create-home --home "$STATE" "$FEEDS_USER"
group=$(id -gn "$FEEDS_USER")
install -d -o "$FEEDS_USER" -g "$group" -m 0750 "$STATE"

if [ ! -e "$settings" ]; then
  install -D -m 0640 -g "$group" deploy/feeds.env "$settings"
  sed -i "s|/var/lib/release-feeds|$STATE|" "$settings"
fi
# With the settings of the example, the store would have its identifiers forever.
needed='BASE_URL|AUTHORITY|AUTHORITY_YEAR|TIMEZONE|ENTRIES'
if lines=$(grep -En "^(FEEDS_[A-Z_]*=.*(example\.org|Example)|# FEEDS_($needed)=)" "$settings"); then
  echo "These lines of $settings still have the values of the example, or their #:"
  echo "$lines"
  echo "Write your settings into it (docs/settings.md), then run this again."
  exit 1
fi

case $(setting FEEDS_DATABASE_URL)$(setting FEEDS_DATABASE_URL_FILE) in
  sqlite:* | "") lock=requirements.lock ;;
  *) lock=requirements-postgresql.lock ;;
esac
# An interrupted run leaves no pip, and an upgrade of Debian no Python. A Python below /root is for root only.
usable() {
  runuser -u "$FEEDS_USER" -- "$PREFIX/$version/bin/python" -c 'import pip'
}
usable 2> /dev/null || python3 -m venv --clear "$PREFIX/$version"
if ! usable; then
  echo "The user $FEEDS_USER cannot run $PREFIX/$version/bin/python, made from $(command -v python3)." >&2
  echo "Run this with a Python that every user can run, as in: PATH=/usr/bin:/bin $0" >&2
  exit 1
fi
pip="$PREFIX/$version/bin/pip --quiet --disable-pip-version-check"
$pip install --require-hashes --requirement "$lock"
$pip install --no-deps --no-build-isolation .

# Prints the command `feeds` of a version, or of the current one.
command_of() {
  cat << END
#!/bin/sh
# Runs a command of release-feeds as the user of the service, with its settings. A FEEDS_DATABASE_URL in the environment
# names another store, such as a back-up.
store=\${FEEDS_DATABASE_URL:-}
while IFS= read -r line || [ -n "\$line" ]; do
  case \$line in
    FEEDS_DATABASE_URL* | FEEDS_READ_DATABASE_URL*) [ -n "\$store" ] || export "\$line" ;;
    FEEDS_*) export "\$line" ;;
  esac
done < "$settings"
exec /usr/sbin/runuser -u "$FEEDS_USER" -- "$PREFIX/$1/bin/feeds" "\$@"
END
}
# The restart of the service upgrades the store, too, but not so that you would see why it fails, and it creates none. A
# version that refuses the settings or the store does not become the current one.
FEEDS_DATABASE_URL='' sh -c "$(command_of "$version")" feeds migrate
ln -sfn "$version" "$PREFIX/current"
install -d "$BIN" "$UNITS"
command_of current > "$BIN/feeds"
chmod 0755 "$BIN/feeds"

writable=
[ "$STATE" = /var/lib/release-feeds ] || writable="s|^StateDirectory=.*|ReadWritePaths=$STATE|"
for unit in deploy/*.service deploy/*.socket deploy/*.timer; do
  sed -e "s|/opt/release-feeds|$PREFIX|; s|/etc/release-feeds|$CONFIG|; s|/var/lib/release-feeds|$STATE|" \
    -e "s|^User=.*|User=$FEEDS_USER|; s|^Group=.*|Group=$group|" -e "$writable" "$unit" > "$UNITS/${unit##*/}"
done
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl --quiet enable release-feeds.service
  systemctl --quiet enable --now release-feeds-backup.timer
  systemctl restart release-feeds.service
else
  leave "systemd does not run here: start release-feeds.service and release-feeds-backup.timer."
fi

address=$(setting FEEDS_BASE_URL)
public=$(echo "$address" | sed 's|^[a-z]*://||; s|/.*||') # the name, and the port if there is one
host=${public%:*}
port=443
[ "$public" = "$host" ] || port=${public#*:}
site=$NGINX_CONFIG/conf.d/release-feeds.conf
if [ ! -e "$CERTIFICATES/live/$host/fullchain.pem" ]; then
  leave "DNS: let the name $host lead to this machine."
  leave "TLS: get a certificate, and then run this again to set up nginx:
  apt-get install certbot
  certbot certonly --webroot -w /var/www/html -d $host --deploy-hook 'systemctl reload nginx'"
else
  new=$(mktemp)
  sed -e "s|https://feeds\.example\.org|https://$public|; s/443 ssl/$port ssl/g" \
    -e "s/feeds\.example\.org/$host/g; s|/etc/letsencrypt|$CERTIFICATES|; s|/var/log/nginx|$LOGS|" \
    -e "s|/var/cache/nginx-feeds|$CACHE/nginx-feeds|" deploy/nginx.conf > "$new"
  # The file as it was installed, or was last compared with, is kept in .shipped: what differs from it is the operator's. The
  # hint is repeated until the site has been edited.
  if [ ! -e "$site" ] || cmp -s "$site" "$site.shipped"; then
    install -D -m 0644 "$new" "$site"
  elif ! cmp -s "$new" "$site" && { ! cmp -s "$new" "$site.shipped" || [ "$site.shipped" -nt "$site" ]; }; then
    cmp -s "$new" "$site.shipped" || cp "$site.shipped" "$site.shipped.old"
    leave "nginx: $site has changes of yours, so it is kept. Take over what is new, which this shows:
  diff $site.shipped.old $site.shipped"
  fi
  # Debian allows 768 connections for each process. One that sends half a request and waits takes 27 KB of memory. The files
  # that nginx may have open include its connections and up to 10,000 copies.
  sed -i 's/worker_connections .*;/worker_connections 4096;/' "$NGINX_CONFIG/nginx.conf"
  grep -q worker_rlimit_nofile "$NGINX_CONFIG/nginx.conf" || sed -i '1i worker_rlimit_nofile 20000;' "$NGINX_CONFIG/nginx.conf"
  nginx -q -t -c "$NGINX_CONFIG/nginx.conf"
  cmp -s "$new" "$site.shipped" || install -m 0644 "$new" "$site.shipped"
  rm "$new"
  [ ! -d /run/systemd/system ] || systemctl reload-or-restart nginx
fi
case ${address#*://} in
  */?*) leave "nginx: $address has a path: see \$feeds_address in $site." ;;
esac

echo "release-feeds $version is installed. Left to you:${left:- nothing.}"
