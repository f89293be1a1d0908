// SPDX-License-Identifier: GPL-2.0-only
/*
 * rssd: reclaims from containers in the background. When a container's usage
 * crosses its high mark, rssd shrinks it to its low mark, so that its tasks
 * don't have to do that themselves, in a fault, at the limit.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "file.h"
#include "message.h"
#include "status.h"
#include "supervisor.h"
#include "turn.h"
#include "version.h"

#define CONFIG	"/etc/rssd.conf"

struct arguments {
	const char *config;
	const char *root;
	bool check;
	bool dry_run;
	bool restore;
};

static void print_help(void)
{
	printf("Usage: rssd [OPTION]...\n"
	       "Reclaims from containers of the rss controller in the background.\n\n"
	       "Options:\n"
	       "  -c, --config FILE   " CONFIG " if not given\n"
	       "  -C, --check         check the configuration, and end\n"
	       "  -n, --dry-run       say what would be done, and change nothing\n"
	       "  -r, --restore       set watermarks as they were before an rssd that was\n"
	       "                      killed, and end\n"
	       "  -v, --verbose       tell of each time that a mark is crossed\n"
	       "  -R, --root DIR      the hierarchy, where it is not found by itself\n"
	       "  -h, --help          show this\n"
	       "  -V, --version       show the version\n"
	       "\nSee rssd(8) and rssd.conf(5).\n");
	exit(0);
}

static struct arguments parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'C' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "restore", no_argument, NULL, 'r' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "root", required_argument, NULL, 'R' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ }
	};
	struct arguments args = { .config = CONFIG };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":c:CnrvR:hV", options,
				     NULL)) > 0) {
		switch (option) {
		case 'c':
			args.config = optarg;
			break;
		case 'C':
			args.check = true;
			break;
		case 'n':
			args.dry_run = true;
			break;
		case 'r':
			args.restore = true;
			break;
		case 'v':
			message_level(LOG_INFO);
			break;
		case 'R':
			args.root = optarg;
			break;
		case 'h':
			print_help();
			break;
		case 'V':
			puts("rssd " RSS_VERSION);
			exit(0);
		case ':':
			fail(STATUS_USAGE, "%s needs an argument (see rssd --help)",
			     argv[optind - 1]);
		default:
			if (optopt)
				fail(STATUS_USAGE, "bad option -%c (see rssd --help)",
				     optopt);
			fail(STATUS_USAGE, "bad option %s (see rssd --help)",
			     argv[optind - 1]);
		}
	}
	if (optind < argc)
		fail(STATUS_USAGE, "too many arguments (see rssd --help)");
	return args;
}

static void load(struct config *config, const char *path)
{
	char *why = config_load(config, path);

	if (why)
		fail(STATUS_CONFIG, "%s", why);
	if (!config->nr_rules)
		message(LOG_NOTICE, "%s: names no containers", path);
}

static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		fail(STATUS_FAILED, "signalfd: %s", strerror(errno));
	return fd;
}

/* A configuration that is bad changes nothing. */
static void reload(struct supervisor *s, const char *path)
{
	struct config config;
	char *why = config_load(&config, path);

	if (why) {
		message(LOG_ERR, "%s; the old configuration stays", why);
		free(why);
		return;
	}
	config_free(&s->policy.config);
	s->policy.config = config;
	supervisor_sync(s);
	message(LOG_NOTICE, "%s: loaded again", path);
}

static void tell_manager(const char *state, const struct supervisor *s)
{
	const char *lacks = supervisor_lacks(s);

	sd_notifyf(0, "%s=1\nSTATUS=%zu container%s%s%s", state, s->nr,
		   s->nr == 1 ? "" : "s", lacks ? ", not all: " : "",
		   lacks ?: "");
}

/* Returns when all that is configured is watched, or ends the program. */
static void start(struct supervisor *s)
{
	bool late;

	supervisor_sync(s);
	late = supervisor_is_starting(s);
	while (supervisor_is_starting(s))
		supervisor_step(s);
	if (supervisor_lacks(s))
		quit(STATUS_FAILED);
	/* It has said why. */
	if (late && !s->nr)
		quit(STATUS_UNSUPPORTED);
	message(LOG_NOTICE, "watches %zu container%s of %s", s->nr,
		s->nr == 1 ? "" : "s", s->h->path);
}

/* Returns when a signal says so. */
static void serve(struct supervisor *s, const char *config, int signals)
{
	struct signalfd_siginfo info;
	size_t nr = s->nr;

	for (;;) {
		if (supervisor_step(s)) {
			if (read(signals, &info, sizeof(info)) != sizeof(info))
				fail(STATUS_FAILED, "signalfd: %s",
				     strerror(errno));
			if (info.ssi_signo != SIGHUP)
				return;
			tell_manager("RELOADING", s);
			reload(s, config);
			nr = -1;
		}
		if (s->nr != nr)
			tell_manager("READY", s);
		nr = s->nr;
	}
}

int main(int argc, char **argv)
{
	struct supervisor s = { };
	struct arguments args;
	struct hierarchy h;
	int signals;

	message_from("rssd");
	args = parse(argc, argv);
	if (args.restore) {
		hierarchy_open(&h, args.root);
		watermarks_give_back(&h);
		hierarchy_close(&h);
		return 0;
	}
	load(&s.policy.config, args.config);
	if (args.check) {
		config_free(&s.policy.config);
		return 0;
	}
	s.policy.dry_run = args.dry_run;
	/* Each container takes two. */
	file_limit_raise();
	signals = open_signals();
	turn_init();
	hierarchy_open(&h, args.root);
	if (!args.dry_run)
		watermarks_give_back(&h);
	supervisor_init(&s, &h, signals);
	start(&s);
	tell_manager("READY", &s);
	serve(&s, args.config, signals);
	tell_manager("STOPPING", &s);
	supervisor_end(&s);
	hierarchy_close(&h);
	config_free(&s.policy.config);
	return 0;
}
