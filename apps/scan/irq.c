/* SPDX-License-Identifier: MIT */
/* Interrupts of a network card, from files of the kernel's. */
#include "scan/irq.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 8192 };

/* --- Files --- */

static bool read_line(const char *path, char *ret_text, size_t text_bytes)
{
	FILE *file = fopen(path, "re");
	bool has_line = file && fgets(ret_text, (int)text_bytes, file);

	if (file)
		(void)fclose(file); /* only read */
	if (has_line)
		ret_text[strcspn(ret_text, "\n")] = '\0';
	return has_line;
}

static int write_line(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		rc = errno ? -errno : -EIO;
	(void)close(fd); /* the kernel has taken it, or said why not */
	return rc;
}

static void affinity_path(const struct scan_irqs *irqs, uint32_t number, char *ret_path)
{
	(void)snprintf(ret_path, SCAN_IRQ_PATH_BYTES + 64, "%s/irq/%u/smp_affinity_list",
		       irqs->proc, number);
}

/* --- Finding --- */

static int compare(const void *a, const void *b)
{
	const struct scan_irq *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* One without an affinity is none that could be moved. */
static void add(struct scan_irqs *irqs, uint32_t number)
{
	struct scan_irq *irq = &irqs->at[irqs->count];
	char path[SCAN_IRQ_PATH_BYTES + 64];

	if (irqs->count == SCAN_IRQS_MAX)
		return;
	affinity_path(irqs, number, path);
	if (!read_line(path, irq->list, sizeof(irq->list)))
		return;
	irq->number = number;
	irq->is_moved = false;
	irqs->count++;
}

/* A card on PCI names its message interrupts. */
static void find_by_device(struct scan_irqs *irqs, const char *device)
{
	char path[PATH_MAX + 16];
	struct dirent *entry;
	DIR *folder;

	(void)snprintf(path, sizeof(path), "%s/msi_irqs", device);
	folder = opendir(path);
	if (!folder)
		return;
	while ((entry = readdir(folder)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			add(irqs, (uint32_t)strtoul(entry->d_name, NULL, 10));
	(void)closedir(folder); /* only read */
}

/* "name" or "name-..." as a word of the line: eth0-TxRx-1, virtio0-input.0. */
static bool names(const char *line, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = strstr(line, name); n > 0 && at; at = strstr(at + 1, name))
		if ((at == line || at[-1] == ' ' || at[-1] == '@') &&
		    (at[n] == '\0' || at[n] == '-' || at[n] == '\n'))
			return true;
	return false;
}

static void find_by_name(struct scan_irqs *irqs, const char *interface, const char *device)
{
	char path[SCAN_IRQ_PATH_BYTES + 64], *line = malloc(LINE_BYTES);
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/interrupts", irqs->proc);
	file = fopen(path, "re");
	while (file && line && fgets(line, LINE_BYTES, file)) {
		char *end;
		unsigned long number = strtoul(line, &end, 10);

		if (*end == ':' && (names(end, interface) || names(end, device)))
			add(irqs, (uint32_t)number);
	}
	if (file)
		(void)fclose(file); /* only read */
	free(line);
}

void scan_irqs_find(struct scan_irqs *irqs, const char *interface, const char *proc,
		    const char *sys)
{
	char link[SCAN_IRQ_PATH_BYTES + 64], device[PATH_MAX], path[PATH_MAX + 16], text[32];

	*irqs = (struct scan_irqs){ .node = -1 };
	(void)snprintf(irqs->proc, sizeof(irqs->proc), "%s", proc);
	(void)snprintf(irqs->sys, sizeof(irqs->sys), "%s", sys);
	(void)snprintf(link, sizeof(link), "%.400s/class/net/%.32s/device", sys, interface);
	if (!realpath(link, device))
		return; /* a virtual interface */
	(void)snprintf(path, sizeof(path), "%s/numa_node", device);
	if (read_line(path, text, sizeof(text)))
		irqs->node = (int32_t)strtol(text, NULL, 10);
	find_by_device(irqs, device);
	if (irqs->count == 0)
		find_by_name(irqs, interface, basename(device));
	qsort(irqs->at, irqs->count, sizeof(*irqs->at), compare);
}

/* --- Moving --- */

int scan_irqs_pin(struct scan_irqs *irqs, const int32_t *cpus, uint32_t cpu_count)
{
	char path[SCAN_IRQ_PATH_BYTES + 64], text[16];

	for (uint32_t i = 0; i < irqs->count; i++) {
		int rc;

		affinity_path(irqs, irqs->at[i].number, path);
		(void)snprintf(text, sizeof(text), "%d", cpus[i % cpu_count]);
		rc = write_line(path, text);
		if (rc < 0) {
			(void)scan_irqs_restore(irqs); /* one error is enough to tell */
			return rc;
		}
		irqs->at[i].is_moved = true;
	}
	return 0;
}

uint32_t scan_irqs_restore(struct scan_irqs *irqs)
{
	char path[SCAN_IRQ_PATH_BYTES + 64];
	uint32_t failed = 0;

	for (uint32_t i = 0; i < irqs->count; i++) {
		if (!irqs->at[i].is_moved)
			continue;
		irqs->at[i].is_moved = false;
		affinity_path(irqs, irqs->at[i].number, path);
		failed += write_line(path, irqs->at[i].list) < 0;
	}
	return failed;
}

bool scan_irq_list_has(const char *list, int32_t cpu)
{
	while (*list) {
		char *end;
		long first = strtol(list, &end, 10), last = first;

		if (end == list)
			return false;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		if (cpu >= first && cpu <= last)
			return true;
		list = *end == ',' ? end + 1 : end + strlen(end);
	}
	return false;
}
