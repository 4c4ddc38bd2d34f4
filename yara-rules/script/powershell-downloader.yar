// PowerShell that hides what it fetches and runs.

rule PowerShell_Encoded_Command
{
    meta:
        author = "BackupLens"
        description = "PowerShell started hidden or without a policy, with a long encoded command"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1059/001/"
    strings:
        $encoded = /(powershell|pwsh)(\.exe)?["']?\s[^\r\n]{0,200}\s-e(nc?|nco|ncod|ncode|ncoded|ncodedc[a-z]{0,6})?\s{1,4}["']?[A-Za-z0-9+\/]{120}/ ascii wide nocase
        $hidden1 = /-w(in|ind|indow|indowstyle|indowsty)?\s{1,4}(hidden|h|1)\b/ ascii wide nocase
        $hidden2 = /-(nop|noprofile|noni|noninteractive)\b/ ascii wide nocase
        $hidden3 = /-(ep|ex|exec|executionpolicy)\s{1,4}(bypass|unrestricted)/ ascii wide nocase
    condition:
        filesize < 8MB and $encoded and 1 of ($hidden*)
}

rule PowerShell_Download_And_Run
{
    meta:
        author = "BackupLens"
        description = "PowerShell that runs in memory what it has just downloaded"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1105/"
    strings:
        $run1 = /\b(iex|invoke-expression)\s{0,4}[\(&\s]{0,4}\(?\s{0,4}\(?\s{0,4}new-object\s{1,4}(system\.)?net\.webclient\s{0,4}\)?\s{0,4}\.\s{0,4}download(string|data)/ ascii wide nocase
        $run2 = /\.\s{0,4}download(string|data)\s{0,4}\([^)\r\n]{4,300}\)\s{0,4}\)?\s{0,4}\|\s{0,4}(iex|invoke-expression)\b/ ascii wide nocase
        $run3 = /\b(iex|invoke-expression)\s{0,4}\(?\s{0,4}\(?\s{0,4}(iwr|irm|invoke-webrequest|invoke-restmethod|curl|wget)\b/ ascii wide nocase
        $run4 = /\bfrombase64string\s{0,4}\([^)\r\n]{0,400}\)[^\r\n]{0,200}\|\s{0,4}(iex|invoke-expression)\b/ ascii wide nocase
        $hidden1 = /-w(in|ind|indow|indowstyle|indowsty)?\s{1,4}(hidden|h|1)\b/ ascii wide nocase
        $hidden2 = /-(nop|noprofile|noni|noninteractive)\b/ ascii wide nocase
        $hidden3 = /-(ep|ex|exec|executionpolicy)\s{1,4}(bypass|unrestricted)/ ascii wide nocase
        $hidden4 = "amsiutils" ascii wide nocase
        $hidden5 = "servercertificatevalidationcallback" ascii wide nocase
        $hidden6 = /createobject\s{0,4}\(\s{0,4}["']wscript\.shell/ ascii wide nocase
        // Installers of well-known tools start like this too, and are quoted in many documents.
        $installer1 = "community.chocolatey.org" ascii wide nocase
        $installer2 = "get.scoop.sh" ascii wide nocase
        $installer3 = "boxstarter.org" ascii wide nocase
    condition:
        filesize < 1MB and 1 of ($run*) and 1 of ($hidden*) and none of ($installer*)
}
