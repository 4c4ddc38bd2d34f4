// Commands that take away what a restore would need. Each alone is in many manuals and some honest scripts; an attack
// does several of them at once, in a script or a program.

rule Destroys_Recovery_Script
{
    meta:
        author = "BackupLens"
        description = "A script that deletes shadow copies and switches off recovery"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1490/"
    strings:
        // At the start of a line of a script, perhaps through cmd; manuals quote them within sentences.
        $shadow1 = /(^|[\r\n&|])[ \t@]*(cmd(\.exe)? \/c ["']?)?(start \/b )?vssadmin(\.exe)? +delete +shadows/ ascii wide nocase
        $shadow2 = /(^|[\r\n&|])[ \t@]*(cmd(\.exe)? \/c ["']?)?wmic(\.exe)? +shadowcopy +delete/ ascii wide nocase
        $shadow3 = /get-(wmiobject|ciminstance) +(-class(name)? +)?win32_shadowcopy[^\r\n]{0,60}(delete\(|remove-)/ ascii wide nocase
        $shadow4 = /(^|[\r\n&|])[ \t@]*(cmd(\.exe)? \/c ["']?)?vssadmin(\.exe)? +resize +shadowstorage +[^\r\n]{0,60}maxsize=401mb/ ascii wide nocase
        $recovery1 = /(^|[\r\n&|])[ \t@]*(cmd(\.exe)? \/c ["']?)?bcdedit(\.exe)? +[^\r\n]{0,40}recoveryenabled +no/ ascii wide nocase
        $recovery2 = /(^|[\r\n&|])[ \t@]*(cmd(\.exe)? \/c ["']?)?bcdedit(\.exe)? +[^\r\n]{0,40}bootstatuspolicy +ignoreallfailures/ ascii wide nocase
        $recovery3 = /(^|[\r\n&|])[ \t@]*(cmd(\.exe)? \/c ["']?)?wbadmin(\.exe)? +delete +(catalog|systemstatebackup|backup)/ ascii wide nocase
        $recovery4 = /(^|[\r\n&|])[ \t@]*(cmd(\.exe)? \/c ["']?)?fsutil(\.exe)? +usn +deletejournal/ ascii wide nocase
        $recovery5 = /(^|[\r\n&|])[ \t@]*(cmd(\.exe)? \/c ["']?)?wevtutil(\.exe)? +(cl|clear-log) / ascii wide nocase
        // A document explains; a script does not.
        $prose1 = "mitre" ascii wide nocase
        $prose2 = "detection" ascii wide nocase
        $prose3 = "ransomware" ascii wide nocase
        $prose4 = "</p>" ascii wide nocase
        $prose5 = "```"
    condition:
        filesize < 256KB and uint16(0) != 0x5A4D and
        1 of ($shadow*) and 1 of ($recovery*) and not 2 of ($prose*)
}

rule Destroys_Recovery_Program
{
    meta:
        author = "BackupLens"
        description = "A program that carries commands to delete shadow copies and to switch off recovery"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1490/"
    strings:
        $shadow1 = /vssadmin(\.exe)? +delete +shadows/ ascii wide nocase
        $shadow2 = /shadowcopy +delete/ ascii wide nocase
        $shadow3 = /select \* from win32_shadowcopy/ ascii wide nocase
        $recovery1 = /recoveryenabled +no/ ascii wide nocase
        $recovery2 = /bootstatuspolicy +ignoreallfailures/ ascii wide nocase
        $recovery3 = /wbadmin(\.exe)? +delete +(catalog|systemstatebackup|backup)/ ascii wide nocase
    condition:
        uint16(0) == 0x5A4D and filesize < 32MB and 1 of ($shadow*) and 1 of ($recovery*)
}

rule Stops_Backup_Services
{
    meta:
        author = "BackupLens"
        description = "A script or program that stops the services of several backup products or databases"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1489/"
    strings:
        $stop = /\b(net(\.exe)? +stop|sc(\.exe)? +(stop|delete|config)|taskkill(\.exe)? +[^\r\n]{0,20}\/im|stop-service|systemctl +(stop|disable|mask)) / ascii wide nocase
        $product1 = /\bveeam[a-z]{3,30}(svc|service|agent)?\b/ ascii wide nocase
        $product2 = /\b(backupexec[a-z]{3,30}|bedbg)\b/ ascii wide nocase
        $product3 = /\b(acronisagent|acrsch2svc|mms_mini)\b/ ascii wide nocase
        $product4 = /\b(gxvss|gxcimgr|gxblr|gxfwd|gxcvd)\b/ ascii wide nocase
        $product5 = /\b(sqlwriter|mssql\$[a-z0-9_]{2,30}|sqlserveragent|sqlbrowser)\b/ ascii wide nocase
        $product6 = /\b(swprv|wbengine|sdrsvc|vss)\b/ ascii wide nocase
        $product7 = /\b(arcserve[a-z]{2,30}|casad2dwebsvc|caarcupdatesvc)\b/ ascii wide nocase
        $product8 = /\b(sophos|mcafee|symantec|kavfs)[a-z ]{2,30}(service|svc|engine)\b/ ascii wide nocase
    condition:
        filesize < 8MB and #stop > 4 and 4 of ($product*)
}

rule Destroys_Backup_Repository
{
    meta:
        author = "BackupLens"
        description = "A script that empties backup repositories or snapshots and hides its traces"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1485/"
    strings:
        $repo1 = /restic [^\r\n]{0,120}forget [^\r\n]{0,80}--(keep-last[ =]?0|unsafe-allow-remove-all)/ ascii
        $repo2 = /borg +delete [^\r\n]{0,80}--force/ ascii
        $repo3 = /zfs +destroy +-[a-zA-Z]*[rR]/ ascii
        $repo4 = /(lvremove|btrfs +subvolume +delete) +(-f|--force|-y|\/[^\r\n]{0,80}\*)/ ascii
        $repo5 = /aws +s3 +rb +[^\r\n]{0,80}--force/ ascii
        $repo6 = /vim-cmd +vmsvc\/snapshot\.removeall/ ascii
        $repo7 = /esxcli +vm +process +kill/ ascii
        $repo8 = /rm +-[a-z]*r[a-z]* +[^\r\n]{0,40}\/(backups?|snapshots?|veeam|restic|borg)[^\r\n]{0,40}/ ascii nocase
        $repo9 = /mc +rm +--recursive +--force/ ascii
        $hide1 = "unset HISTFILE" ascii
        $hide2 = /history +-c\b/ ascii
        $hide3 = /rm +-[a-z]*f[a-z]* +[^\r\n]{0,40}(\.bash_history|\/var\/log)/ ascii
        $hide4 = /shred +-[a-z]*u/ ascii
        $hide5 = /(>|truncate [^\r\n]{0,20}) *\/var\/log\/(auth|secure|syslog|messages|wtmp|lastlog)/ ascii
    condition:
        filesize < 128KB and uint16(0) == 0x2123 and 2 of ($repo*) and 1 of ($hide*)
}
