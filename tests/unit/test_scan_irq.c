/* SPDX-License-Identifier: MIT */
/* Interrupts of a card, in made-up /proc and /sys: found, moved, and put back as they were. */
#include "nw_test.h"

#include "scan/irq.h"

#include <errno.h>
#include <stdarg.h>

static char root[64], proc[80], sys[80];

static void sh(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void sh(const char *format, ...)
{
	char command[600], inner[500];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(inner, sizeof(inner), format, args);
	va_end(args);
	(void)snprintf(command, sizeof(command), "cd %s && %s", root, inner);
	CHECK_INT(system(command), ==, 0);
}

static void make_roots(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/nw_test_irq_XXXXXX");
	CHECK(mkdtemp(root) != NULL);
	(void)snprintf(proc, sizeof(proc), "%s/proc", root);
	(void)snprintf(sys, sizeof(sys), "%s/sys", root);
	sh("mkdir -p proc/irq/30 proc/irq/31 proc/irq/9 sys/class/net/eth9 sys/class/net/veth1 "
	   "sys/devices/0000:01/msi_irqs sys/devices/virtio7");
	sh("echo 0-3 >proc/irq/30/smp_affinity_list && echo 2,4-5 >proc/irq/31/smp_affinity_list "
	   "&& echo 1 >proc/irq/9/smp_affinity_list");
	sh("ln -s ../../../devices/0000:01 sys/class/net/eth9/device && "
	   "echo 1 >sys/devices/0000:01/numa_node");
}

static void drop_roots(void)
{
	sh("cd / && rm -r %s", root);
}

static void check_list(uint32_t number, const char *wanted)
{
	sh("test \"$(cat proc/irq/%u/smp_affinity_list)\" = '%s'", number, wanted);
}

TEST(interrupts_are_found_moved_and_put_back)
{
	static const int32_t cpus[] = { 7, 6, 5 };
	struct scan_irqs irqs;

	make_roots();
	sh("touch sys/devices/0000:01/msi_irqs/31 sys/devices/0000:01/msi_irqs/30 "
	   "sys/devices/0000:01/msi_irqs/99"); /* 99 has no affinity */
	scan_irqs_find(&irqs, "eth9", proc, sys);
	CHECK_INT(irqs.node, ==, 1);
	CHECK_INT(irqs.count, ==, 2);
	CHECK(irqs.at[0].number == 30 && strcmp(irqs.at[0].list, "0-3") == 0);
	CHECK(irqs.at[1].number == 31 && strcmp(irqs.at[1].list, "2,4-5") == 0);
	CHECK_INT(scan_irqs_pin(&irqs, cpus, 3), ==, 0);
	check_list(30, "7");
	check_list(31, "6");
	check_list(9, "1");
	CHECK_INT(scan_irqs_restore(&irqs), ==, 0);
	check_list(30, "0-3");
	check_list(31, "2,4-5");
	sh("echo 3 >proc/irq/30/smp_affinity_list");
	CHECK_INT(scan_irqs_restore(&irqs), ==, 0); /* once */
	check_list(30, "3");
	drop_roots();
}

TEST(a_move_that_fails_leaves_all_as_it_was)
{
	static const int32_t cpus[] = { 7 };
	struct scan_irqs irqs;

	make_roots();
	sh("touch sys/devices/0000:01/msi_irqs/31 sys/devices/0000:01/msi_irqs/30");
	scan_irqs_find(&irqs, "eth9", proc, sys);
	sh("rm proc/irq/31/smp_affinity_list && mkdir proc/irq/31/smp_affinity_list");
	CHECK_INT(scan_irqs_pin(&irqs, cpus, 1), ==, -EISDIR);
	check_list(30, "0-3");
	drop_roots();
}

TEST(without_message_interrupts_names_tell)
{
	struct scan_irqs irqs;

	make_roots();
	sh("rm sys/class/net/eth9/device && "
	   "ln -s ../../../devices/virtio7 sys/class/net/eth9/device");
	sh("printf '            CPU0\\n  9: 4  IO-APIC  acpi\\n 30: 0  PCI-MSI  virtio7-input.0\\n"
	   " 31: 1  PCI-MSI  eth9-TxRx-0\\n 32: 1  PCI-MSI  virtio70-x\\nNMI: 0 virtio7\\n' "
	   ">proc/interrupts");
	scan_irqs_find(&irqs, "eth9", proc, sys);
	CHECK_INT(irqs.node, ==, -1);
	CHECK_INT(irqs.count, ==, 2);
	CHECK(irqs.at[0].number == 30 && irqs.at[1].number == 31);
	scan_irqs_find(&irqs, "veth1", proc, sys);
	CHECK(irqs.node == -1 && irqs.count == 0);
	drop_roots();
}

TEST(lists_of_cpus_are_read_as_the_kernel_writes_them)
{
	CHECK(scan_irq_list_has("0-3,8", 0) && scan_irq_list_has("0-3,8", 3));
	CHECK(scan_irq_list_has("0-3,8", 8) && !scan_irq_list_has("0-3,8", 4));
	CHECK(scan_irq_list_has("5", 5) && !scan_irq_list_has("5", 50));
	CHECK(!scan_irq_list_has("", 0) && !scan_irq_list_has("x", 0));
}
