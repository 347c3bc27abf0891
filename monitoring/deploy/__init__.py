"""What a machine needs beside the program to run it for years: units, a container file, proxies, alerts, lists."""
